// down: ends a cluster on this machine.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "../output.hpp"
#include "../processes.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

void down(const common_options& common, duration limit) {
  auto here = local_cluster_of(common);
  const auto count = here.nodes().size();
  const auto forced = take(here.down(limit));
  if (!forced.empty())
    std::fprintf(stderr, "troupe: killed, as they had not ended after %s: %s\n",
                 format_duration(limit).c_str(), joined(forced).c_str());
  print_outcome(common, here.name() + ": ended " + std::to_string(count) + " nodes",
                json::object({{"cluster", here.name()}, {"ended", count}, {"killed", forced}}));
}

}  // namespace

void add_down_verb(command_line& to) {
  const auto limit = std::make_shared<duration>(local::stop_limit);
  auto* verb =
      to.verb("down", "Ends the cluster: its nodes drain and leave; nothing is left behind.",
              "  troupe down\n  troupe down --timeout 1s       kill after a second what has not ended\n",
              [&common = to.common, limit] { down(common, *limit); });
  add_duration(verb, "--timeout", *limit, "when to kill what has not ended (15s)");
}

}  // namespace troupe::command
