// A client with a policy of its own: asks a hundred times, and counts who answered.
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include <troupe/troupe.hpp>

#include "own_rack.hpp"
#include "policy.troupe.hpp"

namespace {

constexpr int questions = 100;

int ask(const troupe::client<policy::Desk>& desk) {
  std::map<std::string, int> answers;
  for (int i = 0; i < questions; ++i) {
    const auto reply = desk.ask().wait();
    if (!reply) return std::fprintf(stderr, "%s\n", reply.error().explain().c_str()), 1;
    ++answers[reply->getFrom().cStr()];
  }
  for (const auto& [node, count] : answers) std::printf("%s answered %d\n", node.c_str(), count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: policy_ask ADDRESS:PORT RACK\n", stderr), 2;
  try {
    auto node = troupe::node::join(
        argv[1], {.cluster = "policy", .role = troupe::gossip::role::observer, .log_level = "warn"});
    if (const auto used = node.use_policy<policy::Desk>(std::make_unique<own_rack>(argv[2])); !used)
      throw troupe::start_error(used.error());
    const auto desk = node.client<policy::Desk>();
    // A router chooses among the replicas that it has a link to: here, all of them from the first question
    // on.
    for (const auto& each : node.members())
      if (each.name != node.name()) (void)desk.ask().on(each.self.node).wait();
    return ask(desk);
  } catch (const troupe::start_error& problem) {
    return std::fprintf(stderr, "policy_ask: %s\n", problem.what()), 1;
  }
}
