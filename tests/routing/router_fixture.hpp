// A router for tests: nodes by number, virtual time, and the actions it asked for, so that a test reads as a
// story. Nothing here decides anything.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/routing/router.hpp>

#include "parts_fixture.hpp"

namespace troupe::routing::test {

class router_fixture {
 public:
  explicit router_fixture(options settings = {}, std::uint64_t seed = 1)
      : core(std::move(settings), node_number(0), "eu/a", seed, now), echo(core.intern("test.Echo")) {}

  time_point now{1000s};
  router core;
  service_ref echo;
  actions out;

  node_view view(int number, std::string service = "test.Echo") const {
    return view_of(number, std::move(service));
  }
  void appear(int number) { core.node_changed(view(number), now, out); }
  void appear(const node_view& it) { core.node_changed(it, now, out); }
  void change(int number, node_status status, bool suspected = false) {
    node_view it = view(number);
    it.status = status;
    it.suspected = suspected;
    core.node_changed(it, now, out);
  }
  void up(int number) { core.link_up(node_number(number), now, out); }
  void down(int number, std::string_view why = "") { core.link_down(node_number(number), why, now, out); }
  /// Nodes 1 to `count`, with links.
  void connected(int count) {
    for (int i = 1; i <= count; ++i) {
      appear(i);
      up(i);
    }
  }

  call_spec spec(rpc::safety safety = rpc::safety::unsafe, duration timeout = 1s) const {
    call_spec it;
    it.service = echo;
    it.traits.safety = safety;
    it.deadline = now + timeout;
    return it;
  }
  call_id call(rpc::safety safety = rpc::safety::unsafe, duration timeout = 1s) {
    return core.begin(spec(safety, timeout), now, out);
  }

  void answer(attempt_id attempt, troupe::code code = code::ok, const rpc::load_report* load = nullptr) {
    core.answered(attempt, {retry::fate::answered, code, {}, load}, now, out);
  }
  void refuse(attempt_id attempt, troupe::code code, std::string_view text = "overloaded") {
    core.answered(attempt, {retry::fate::refused, code, text, nullptr}, now, out);
  }
  /// It met as many others as it was told to.
  void bounce(attempt_id attempt, const rpc::load_report& met) {
    core.answered(attempt, {retry::fate::bounced, code::unavailable, "fuller than its caller thought", &met},
                  now, out);
  }
  /// As an overloaded replica does that sees the others overloaded, too.
  void refuse_for_good(attempt_id attempt) {
    core.answered(
        attempt,
        {retry::fate::refused, code::resource_exhausted, "overloaded", nullptr, rpc::advice::do_not_retry},
        now, out);
  }

  /// Node `number`'s answer to a probe.
  void tell(int number, const rpc::load_report& load) {
    core.load_told(node_number(number), echo, load, now);
  }

  void pass(duration time) {
    const time_point end = now + time;
    while (core.next_deadline() <= end) {
      now = std::max(now, core.next_deadline());
      core.tick(now, out);
    }
    now = end;
    core.tick(now, out);
  }

  /// The actions of one kind so far, in order.
  template <class Action>
  std::vector<Action> all() const {
    return all_of<Action>(out);
  }
  template <class Action>
  Action last() const {
    const auto found = all<Action>();
    TROUPE_INVARIANT(!found.empty());
    return found.back();
  }
  std::size_t transmits() const { return all<transmit>().size(); }
  std::size_t finishes() const { return all<finish>().size(); }
};

/// `count` replicas that have all answered: none of them is on trial.
inline void know_replicas(router_fixture& it, int count) {
  it.connected(count);
  for (int i = 0; i < 20 * count; ++i) {
    it.call();
    it.pass(1ms);
    it.answer(it.last<transmit>().attempt);
  }
  it.out.clear();
}

/// What the router remembers of the call. REQUIRES: something.
inline const recent_call& kept(const router_fixture& it, call_id call) {
  const auto* found = it.core.recent().find(call);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace troupe::routing::test
