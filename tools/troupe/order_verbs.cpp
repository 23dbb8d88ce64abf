// fault, drain, policy: orders to the nodes of a cluster.
#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

constexpr duration order_within = std::chrono::milliseconds(1000);

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
  std::vector<std::string> weights;  // "load=.8"
};

/// Checked here too, so that a slip is a misuse that says what there is, whoever is asked.
routing::service_options options_of(const policy_options& wanted) {
  auto text = wanted.service + ":policy=" + wanted.name;
  for (const auto& one : wanted.weights) text += "," + one;
  auto read = take(routing::parse_service_options(text), misused).options;
  (void)take(routing::with_weights({}, read.weights), misused);
  return read;
}

void write_policy(admin::Admin::PolicyParams::Builder to, const policy_options& wanted,
                  const routing::service_options& how) {
  to.setService(wanted.service);
  to.setName(wanted.name);
  auto weights = to.initWeights(static_cast<capnp::uint>(how.weights.size()));
  for (capnp::uint i = 0; i < weights.size(); ++i) {
    weights[i].setTerm(how.weights[i].term);
    weights[i].setWeight(how.weights[i].weight);
  }
}

void policy(const common_options& common, const policy_options& wanted) {
  const auto how = options_of(wanted);
  connection to(common);
  (void)to.serving(wanted.service);
  const auto asked = wanted.node.empty() ? to.answering() : std::vector{to.asked(wanted.node)};
  std::vector<std::string> obeyed;
  std::vector<std::string> problems;
  for (const auto& one : asked) {
    const auto done = to.admin()
                          .policy([&](auto params) { write_policy(params, wanted, how); })
                          .on(one.self.node)
                          .within(order_within)
                          .wait();
    if (done)
      obeyed.push_back(one.name);
    else
      problems.push_back(one.name + ": " + done.error().explain());
  }
  std::sort(obeyed.begin(), obeyed.end());
  if (!problems.empty())
    throw stopped(failed, (obeyed.empty() ? "no node" : "only " + joined(obeyed)) + " chooses replicas of " +
                              wanted.service + " by " + wanted.name + " now\n" + joined(problems, "\n"));
  print_outcome(common,
                joined(obeyed) + (obeyed.size() == 1 ? " chooses" : " choose") + " replicas of " +
                    wanted.service + " by " + wanted.name,
                json::object({{"nodes", obeyed}, {"service", wanted.service}, {"policy", wanted.name}}));
}

/// Every policy, in one line.
std::string policy_names() {
  std::vector<std::string> names;
  for (const auto kind : balance::policy_kinds()) names.emplace_back(to_string(kind));
  return joined(names);
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
      to.verb("policy", "Sets how nodes choose among the replicas of a service, until they end.",
              "  troupe policy shop.Cart round_robin                          every node that is there now\n"
              "  troupe policy shop.Cart dynamic_score --weight load=.8\n"
              "  troupe policy shop.Cart dynamic_score --node web-1\n"
              "\nWhat lasts is the cluster file: [service.\"shop.Cart\"] with policy and weights.\n",
              [&common = to.common, wanted] { policy(common, *wanted); });
  verb->add_option("SERVICE", wanted->service, "as troupe services shows it")->required();
  verb->add_option("NAME", wanted->name, policy_names())->required();
  verb->add_option("--node", wanted->node, "only this one")->type_name("NODE");
  verb->add_option("--weight", wanted->weights, "of a term of the score, as troupe explain shows them")
      ->type_name("TERM=WEIGHT")
      ->allow_extra_args(false);
}

}  // namespace troupe::command
