// restart, scale: other processes for a running cluster.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "local_cluster/readiness.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

constexpr duration ready_limit = std::chrono::seconds(30);

void await(const local::local_cluster& here, std::vector<std::string> names) {
  if (const auto ready = local::wait_until_ready(here, std::move(names), ready_limit); !ready)
    throw stopped(failed, ready.error().text);
}

void restart(const common_options& common, std::vector<std::string> names, const std::string& group) {
  auto here = local_cluster_of(common);
  if (!group.empty()) {
    std::vector<std::string> groups;
    for (const auto& one : here.groups()) groups.push_back(one.name);
    for (const auto& node : here.nodes())
      if (node.group == group) names.push_back(node.name);
    if (std::find(groups.begin(), groups.end(), group) == groups.end())
      throw stopped(nothing_there,
                    "cluster " + here.name() + " has no group '" + group + "'; there are " + joined(groups));
  }
  if (names.empty()) throw stopped(misused, "restart wants a NODE, or --rolling GROUP");
  for (const auto& name : names) (void)take(here.find(name));
  json all = json::array();
  for (const auto& name : names) {
    const auto how = take(here.restart(name));
    // One after the other: the next one ends only when this one serves again.
    await(here, {name});
    all.push_back(name);
    if (how == local::local_cluster::ending::forced)
      std::fprintf(stderr, "troupe: %s was killed, as it had not ended after %s\n", name.c_str(),
                   format_duration(local::stop_limit).c_str());
    if (common.format == format::table) std::printf("%s restarted\n", name.c_str());
  }
  if (common.format == format::json) print_json(json::object({{"restarted", std::move(all)}}));
}

struct target {
  std::string group;
  unsigned replicas = 0;
};

target parse_target(const std::string& text) {
  const auto equals = text.find('=');
  target read;
  if (equals != std::string::npos && equals > 0) {
    read.group = text.substr(0, equals);
    const auto* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data() + equals + 1, end, read.replicas);
    if (failure == std::errc{} && rest == end && read.replicas >= 1 && read.replicas <= 1000) return read;
  }
  throw stopped(misused, "'" + text + "' is not GROUP=N with N from 1 to 1000, such as cart=4");
}

void scale(const common_options& common, const std::vector<std::string>& wanted) {
  std::vector<target> targets;
  for (const auto& one : wanted) targets.push_back(parse_target(one));
  auto here = local_cluster_of(common);
  std::vector<std::string> added;
  std::vector<std::string> removed;
  for (const auto& to : targets) {
    std::vector<local::node_status> replicas;
    for (auto& node : here.nodes())
      if (node.group == to.group) replicas.push_back(std::move(node));
    for (auto have = replicas.size(); have < to.replicas; ++have)
      added.push_back(take(here.add(to.group, to.replicas)));
    std::sort(replicas.begin(), replicas.end(), [](auto& a, auto& b) { return a.number < b.number; });
    for (; replicas.size() > to.replicas; replicas.pop_back()) {
      (void)take(here.remove(replicas.back().name));
      removed.push_back(replicas.back().name);
    }
  }
  if (!added.empty()) await(here, added);
  std::string line = added.empty() && removed.empty() ? "nothing to do" : "";
  if (!added.empty()) line = "started " + joined(added);
  if (!removed.empty()) line += (line.empty() ? "ended " : "; ended ") + joined(removed);
  print_outcome(common, line, json::object({{"added", added}, {"removed", removed}}));
}

}  // namespace

void add_change_verbs(command_line& to) {
  const auto nodes = std::make_shared<std::vector<std::string>>();
  const auto group = std::make_shared<std::string>();
  auto* verb =
      to.verb("restart", "Ends nodes and starts them again, one after the other; ended ones are started.",
              "  troupe restart cart-2\n"
              "  troupe restart --rolling cart       every replica, the next when one is ready\n",
              [&common = to.common, nodes, group] { restart(common, *nodes, *group); });
  verb->add_option("NODE", *nodes, "names, as troupe ps shows them");
  verb->add_option("--rolling", *group, "all replicas of this group")->type_name("GROUP");

  const auto targets = std::make_shared<std::vector<std::string>>();
  to.verb("scale", "Starts replicas, or ends those with the highest numbers.",
          "  troupe scale cart=5\n  troupe scale cart=2 payment=3\n",
          [&common = to.common, targets] { scale(common, *targets); })
      ->add_option("GROUP=N", *targets, "how many replicas a group should have")
      ->required();
}

}  // namespace troupe::command
