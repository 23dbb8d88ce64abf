// The router's parts, wired as the router wires them but without it, so that each can be asked alone: nodes
// by number, virtual time, and the actions that were asked for. Nothing here decides anything.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/routing/call_book.hpp>
#include <troupe/routing/link_book.hpp>
#include <troupe/routing/service_table.hpp>

namespace troupe::routing::test {

inline node_id node_number(int number) { return {static_cast<std::uint64_t>(number) + 100}; }

/// A node that offers one service, as membership reports it.
inline node_view view_of(int number, std::string service = "test.Echo") {
  node_view view;
  view.self = {node_number(number), {1}};
  view.name = "echo-" + std::to_string(number);
  view.address = "10.0.0." + std::to_string(number) + ":7000";
  view.zone = "eu/a";
  view.services.push_back({std::move(service), 100});
  return view;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The actions of one kind among `out`, in order.
template <class Action>
std::vector<Action> all_of(const actions& out) {
  std::vector<Action> found;
  for (const action& each : out)
    if (const auto* it = std::get_if<Action>(&each)) found.push_back(*it);
  return found;
}

/// This node is number 0.
struct parts_fixture {
  explicit parts_fixture(options wanted = {}) : settings(std::move(wanted)) {}

  const options settings;
  time_point now{1000s};
  random_source random{1};
  service_table services{settings, 7, now};
  link_book links{settings, node_number(0), "eu/a", services, random};
  call_book calls{settings, services, links, random, now};
  service_ref echo = services.intern("test.Echo");
  actions out;

  service_state& echo_state() { return services[echo]; }

  /// Nodes 1 to `count`, with links. Tells no calls.
  void connected(int count) {
    for (int i = 1; i <= count; ++i) {
      links.node_changed(view_of(i), now, out);
      links.link_up(node_number(i), now);
    }
  }
  call_spec spec(rpc::safety safety = rpc::safety::unsafe, duration timeout = 1s) const {
    call_spec wanted;
    wanted.service = echo;
    wanted.traits.safety = safety;
    wanted.deadline = now + timeout;
    return wanted;
  }
};

}  // namespace troupe::routing::test
