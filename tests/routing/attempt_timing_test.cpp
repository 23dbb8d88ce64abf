// When an attempt is thought to have stalled.
#include <doctest/doctest.h>

#include <troupe/routing/attempt_timing.hpp>

#include "parts_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

struct timing_fixture : parts_fixture {
  call_state call;

  timing_fixture() { connected(1); }
  /// Calls that take 10 ms, so that it is known what is usual.
  void practise() {
    for (int i = 0; i < 300; ++i) {
      out.clear();
      calls.begin(spec(), now, out);
      now += 10ms;
      calls.answered(all_of<transmit>(out).at(0).attempt, {}, now, out);
    }
  }
  void ask(rpc::safety safety, rpc::hedging hedge, duration timeout) {
    call.spec = spec(safety, timeout);
    call.spec.traits.hedge = hedge;
  }
  duration stall() { return stall_after(settings, call, echo_state(), now); }
  first_look look() { return first_look_at(settings, call, echo_state(), now); }
};

}  // namespace

TEST_CASE("an attempt has stalled after the time for unknown methods, or a third of what remains") {
  timing_fixture it;
  it.ask(rpc::safety::idempotent, rpc::hedging::off, 30s);
  CHECK(it.stall() == it.settings.stall_unknown);
  it.ask(rpc::safety::idempotent, rpc::hedging::off, 900ms);
  CHECK(it.stall() == 300ms);
  it.ask(rpc::safety::idempotent, rpc::hedging::off, 1us);
  CHECK(it.stall() == 1ms);
}

TEST_CASE("where round trips were measured, it has stalled after several times their p99") {
  timing_fixture it;
  it.practise();
  it.ask(rpc::safety::idempotent, rpc::hedging::off, 30s);
  CHECK(it.stall() >= 40ms);
  CHECK(it.stall() <= 60ms);
}

TEST_CASE("an unsafe attempt is never looked at, a safe one when it has stalled") {
  timing_fixture it;
  it.ask(rpc::safety::unsafe, rpc::hedging::on, 30s);
  CHECK(it.look().at == never);
  it.ask(rpc::safety::read_only, rpc::hedging::on, 30s);
  CHECK(it.look().at == it.now + it.stall());  // nobody knows yet what is slow
  CHECK_FALSE(it.look().is_for_hedge);
}

TEST_CASE("a call that may be hedged is looked at after its method's p95, once") {
  timing_fixture it;
  it.practise();
  it.ask(rpc::safety::read_only, rpc::hedging::off, 30s);
  CHECK_FALSE(it.look().is_for_hedge);
  it.ask(rpc::safety::read_only, rpc::hedging::on, 30s);
  CHECK(it.look().is_for_hedge);
  CHECK(it.look().at >= it.now + 10ms);
  CHECK(it.look().at < it.now + it.stall());
  it.call.hedge = call_state::hedge::settled;
  CHECK_FALSE(it.look().is_for_hedge);
  CHECK(it.look().at == it.now + it.stall());
}
