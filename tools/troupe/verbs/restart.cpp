// restart: ends nodes and starts them again.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "../output.hpp"
#include "../processes.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

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
    await_ready(here, {name});
    all.push_back(name);
    if (how == local::local_cluster::ending::forced)
      std::fprintf(stderr, "troupe: %s was killed, as it had not ended after %s\n", name.c_str(),
                   format_duration(local::stop_limit).c_str());
    if (common.format == format::table) std::printf("%s restarted\n", name.c_str());
  }
  if (common.format == format::json) print_json(json::object({{"restarted", std::move(all)}}));
}

}  // namespace

void add_restart_verb(command_line& to) {
  const auto nodes = std::make_shared<std::vector<std::string>>();
  const auto group = std::make_shared<std::string>();
  auto* verb =
      to.verb("restart", "Ends nodes and starts them again, one after the other; ended ones are started.",
              "  troupe restart cart-2\n"
              "  troupe restart --rolling cart       every replica, the next when one is ready\n",
              [&common = to.common, nodes, group] { restart(common, *nodes, *group); });
  verb->add_option("NODE", *nodes, "names, as troupe ps shows them");
  verb->add_option("--rolling", *group, "all replicas of this group")->type_name("GROUP");
}

}  // namespace troupe::command
