// leave: lets a node go, and waits until the others know.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../eventually.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

void leave(const common_options& common, const std::string& node, duration limit) {
  connection to(common);
  const auto id = to.require(node);
  auto others = to.answering();
  std::erase_if(
      others, [&](const auto& one) { return one.self.node == id || one.state != membership::state::alive; });
  const auto began = clock::now();
  (void)need(to.admin().drain("troupe leave").on(id).wait());
  // Everybody else is asked: the last one to hear of it counts.
  const auto acknowledged = [&] {
    std::erase_if(others, [&](const auto& one) {
      const auto told = to.admin().members().on(one.self.node).within(ask_within).wait();
      if (!told) return false;
      for (const auto peer : told->getMembers())
        if (peer.getId() == id.value) return peer.getState() == "left";
      return true;  // forgotten already
    });
    return others.empty();
  };
  const auto witnesses = others.size();
  if (!eventually(limit, acknowledged))
    throw stopped(failed, node + " drains, but after " + format_duration(limit) + " " +
                              std::to_string(others.size()) + " of " + std::to_string(witnesses) +
                              " others have not heard that it left: first " + others.front().name);
  const auto took = clock::now() - began;
  print_outcome(
      common,
      node + " has left: " + std::to_string(witnesses) + (witnesses == 1 ? " other knows" : " others know") +
          " after " + format_duration(took),
      json::object({{"node", node},
                    {"left", true},
                    {"known", witnesses},
                    {"tookMicros", std::chrono::duration_cast<std::chrono::microseconds>(took).count()}}));
}

}  // namespace

void add_leave_verb(command_line& to) {
  struct leave_options {
    std::string node;
    duration limit = std::chrono::seconds(15);
  };
  const auto leaving = std::make_shared<leave_options>();
  auto* verb = to.verb("leave", "Lets a node finish what it has and leave, and waits until the others know.",
                       "  troupe leave cart-2\n",
                       [&common = to.common, leaving] { leave(common, leaving->node, leaving->limit); });
  verb->add_option("NODE", leaving->node, "as troupe members shows it")->required();
  add_duration(verb, "--timeout", leaving->limit, "how long it may take (15s)");
}

}  // namespace troupe::command
