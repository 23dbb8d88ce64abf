// fault: makes a service of a node slow or failing.
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../output.hpp"

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

}  // namespace

void add_fault_verb(command_line& to) {
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
}

}  // namespace troupe::command
