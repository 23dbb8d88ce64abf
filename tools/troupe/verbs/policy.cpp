// policy: how running nodes choose among the replicas of a service.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

constexpr duration order_within = std::chrono::milliseconds(1000);

struct policy_options {
  std::string node;
  std::string service;
  std::string name;
  std::vector<std::string> weights;  // "load=.8"
};

/// Checked here too, so that a slip is a misuse that says what there is, whoever is asked.
routing::service_options options_of(const policy_options& wanted) {
  auto text = wanted.service + ":policy=" + wanted.name;
  for (const auto& one : wanted.weights) text += ",weights." + one;
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
  const auto asked = to.answering(wanted.node);
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

void add_policy_verb(command_line& to) {
  const auto wanted = std::make_shared<policy_options>();
  auto* verb =
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
