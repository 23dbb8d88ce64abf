// join: makes two clusters one.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include <troupe/transport/socket.hpp>
#include <troupe/wire/text.hpp>

#include "../connection.hpp"
#include "../eventually.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;

std::size_t count_alive(admin::Admin::MembersResults::Reader told) {
  const auto all = told.getMembers();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto one) { return one.getState() == "alive"; }));
}

void join(const common_options& common, const std::string& address, const std::string& from, duration limit) {
  if (const auto parts = split_host_port(address); !parts) throw stopped(misused, parts.error().text);
  const auto wanted = take(transport::resolve(address), failed);
  connection to(common);
  const auto who = to.asked(from);
  (void)need(to.admin()
                 .join([&](auto params) { params.initSeeds(1).set(0, address.c_str()); })
                 .on(who.self.node)
                 .wait());
  std::size_t alive = 0;
  const auto listed = [&] {
    const auto told = to.admin().members().on(who.self.node).within(ask_within).wait();
    if (!told) return false;
    alive = count_alive(*told);
    for (const auto one : told->getMembers())
      for (const auto& where : wanted)
        if (one.getState() == "alive" && text_of(one.getAddress()) == to_string(where)) return true;
    return false;
  };
  if (!eventually(limit, listed))
    throw stopped(failed, who.name + " has not met anybody at " + address + " within " +
                              format_duration(limit) + "; it goes on trying. Is it a node of cluster '" +
                              to.cluster() + "', and reachable from there? " + who.name + "'s log says more");
  print_outcome(common, who.name + " has joined " + address + ": " + std::to_string(alive) + " are alive",
                json::object({{"node", who.name}, {"joined", address}, {"alive", alive}}));
}

}  // namespace

void add_join_verb(command_line& to) {
  struct join_options {
    std::string address, from;
    duration limit = std::chrono::seconds(10);
  };
  const auto meeting = std::make_shared<join_options>();
  auto* verb = to.verb(
      "join", "Makes a node join the node at ADDRESS, and both become one cluster.",
      "  troupe join 10.0.0.7:7000\n  troupe join db.example:7000 --from cart-2\n",
      [&common = to.common, meeting] { join(common, meeting->address, meeting->from, meeting->limit); });
  verb->add_option("ADDRESS", meeting->address, "HOST:PORT of any node of a cluster of the same name")
      ->required();
  verb->add_option("--from", meeting->from, "the node that joins")->type_name("NODE");
  add_duration(verb, "--timeout", meeting->limit, "how long it may take (10s)");
}

}  // namespace troupe::command
