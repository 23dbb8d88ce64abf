// scale: more replicas of a group, or fewer.
#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "../output.hpp"
#include "../processes.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

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
  if (!added.empty()) await_ready(here, added);
  std::string line = added.empty() && removed.empty() ? "nothing to do" : "";
  if (!added.empty()) line = "started " + joined(added);
  if (!removed.empty()) line += (line.empty() ? "ended " : "; ended ") + joined(removed);
  print_outcome(common, line, json::object({{"added", added}, {"removed", removed}}));
}

}  // namespace

void add_scale_verb(command_line& to) {
  const auto targets = std::make_shared<std::vector<std::string>>();
  to.verb("scale", "Starts replicas, or ends those with the highest numbers.",
          "  troupe scale cart=5\n  troupe scale cart=2 payment=3\n",
          [&common = to.common, targets] { scale(common, *targets); })
      ->add_option("GROUP=N", *targets, "how many replicas a group should have")
      ->required();
}

}  // namespace troupe::command
