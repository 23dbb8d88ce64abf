// fault, drain, policy: orders to one node of a cluster.
#include <memory>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

struct fault_options {
  std::string node;
  std::string service;
  duration delay{0};
  int fail_percent = 0;
};

void fault(const common_options& common, const fault_options& wanted) {
  connection to(common);
  (void)to.serving(wanted.service);  // else the end, with what there is
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(wanted.delay).count();
  (void)need(to.admin()
                 .fault(wanted.service, static_cast<std::uint64_t>(micros),
                        static_cast<std::uint8_t>(wanted.fail_percent))
                 .on(to.require(wanted.node))
                 .wait());
  std::vector<std::string> what;
  if (micros > 0) what.push_back(format_duration(wanted.delay) + " slower");
  if (wanted.fail_percent > 0) what.push_back(std::to_string(wanted.fail_percent) + " % fail");
  print_outcome(common,
                wanted.service + " on " + wanted.node + ": " + (what.empty() ? "no fault" : joined(what)),
                json::object({{"node", wanted.node},
                              {"service", wanted.service},
                              {"delayMicros", micros},
                              {"failPercent", wanted.fail_percent}}));
}

void drain(const common_options& common, const std::string& node, const std::string& why) {
  connection to(common);
  (void)need(to.admin().drain(why).on(to.require(node)).wait());
  print_outcome(common, node + " drains, and ends", json::object({{"node", node}, {"drains", true}}));
}

struct policy_options {
  std::string node;
  std::string service;
  std::string name;
};

void policy(const common_options& common, const policy_options& wanted) {
  connection to(common);
  (void)to.serving(wanted.service);
  (void)need(to.admin().policy(wanted.service, wanted.name).on(to.require(wanted.node)).wait());
  print_outcome(common, wanted.node + " chooses replicas of " + wanted.service + " by " + wanted.name,
                json::object({{"node", wanted.node}, {"service", wanted.service}, {"policy", wanted.name}}));
}

}  // namespace

void add_order_verbs(command_line& to) {
  const auto faulty = std::make_shared<fault_options>();
  auto* verb = to.verb("fault", "Makes a service of a node slow or failing; without options it ends that.",
                       "  troupe fault cart-2 shop.Cart --delay 50ms\n"
                       "  troupe fault cart-2 shop.Cart --fail 20\n"
                       "  troupe fault cart-2 shop.Cart               well again\n",
                       [&common = to.common, faulty] { fault(common, *faulty); });
  verb->add_option("NODE", faulty->node, "as troupe members shows it")->required();
  verb->add_option("SERVICE", faulty->service, "as troupe services shows it")->required();
  add_duration(verb, "--delay", faulty->delay, "added to every answer, at most 1m");
  verb->add_option("--fail", faulty->fail_percent, "how many of 100 requests are refused")
      ->check(CLI::Range(0, 100))
      ->type_name("PERCENT");

  const auto node = std::make_shared<std::string>();
  const auto why = std::make_shared<std::string>("troupe drain");
  verb = to.verb("drain", "Lets a node finish what it has, take nothing new, leave and end.",
                 "  troupe drain cart-2\n  troupe drain cart-2 --why 'new kernel'\n",
                 [&common = to.common, node, why] { drain(common, *node, *why); });
  verb->add_option("NODE", *node, "as troupe members shows it")->required();
  verb->add_option("--why", *why, "for the node's log")->type_name("TEXT");

  const auto wanted = std::make_shared<policy_options>();
  verb =
      to.verb("policy", "Sets how a node's router chooses among the replicas of a service.",
              "  troupe policy web-1 shop.Cart round_robin\n  troupe policy web-1 shop.Cart dynamic_score\n",
              [&common = to.common, wanted] { policy(common, *wanted); });
  verb->add_option("NODE", wanted->node, "as troupe members shows it")->required();
  verb->add_option("SERVICE", wanted->service, "as troupe services shows it")->required();
  verb->add_option("NAME", wanted->name,
                   "dynamic_score, round_robin, weighted, least_loaded, consistent_hash or random")
      ->required();
}

}  // namespace troupe::command
