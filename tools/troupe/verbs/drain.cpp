// drain: lets a node finish what it has, and end.
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

void drain(const common_options& common, const std::string& node, const std::string& why) {
  connection to(common);
  (void)need(to.admin().drain(why).on(to.require(node)).wait());
  print_outcome(common, node + " drains, and ends", json::object({{"node", node}, {"drains", true}}));
}

}  // namespace

void add_drain_verb(command_line& to) {
  const auto node = std::make_shared<std::string>();
  const auto why = std::make_shared<std::string>("troupe drain");
  auto* verb = to.verb("drain", "Lets a node finish what it has, take nothing new, leave and end.",
                       "  troupe drain cart-2\n  troupe drain cart-2 --why 'new kernel'\n",
                       [&common = to.common, node, why] { drain(common, *node, *why); });
  verb->add_option("NODE", *node, "as troupe members shows it")->required();
  verb->add_option("--why", *why, "for the node's log")->type_name("TEXT");
}

}  // namespace troupe::command
