// Second attempts beside the first: backups and hedges.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using rpc::advice;
using rpc::hedging;
using rpc::safety;

call_spec hedged(const router_fixture& it, safety declared = safety::read_only, duration timeout = 2s) {
  call_spec spec = it.spec(declared, timeout);
  spec.traits.hedge = hedging::on;
  return spec;
}

/// Calls that take 10 ms, so that the router knows what is usual.
void practise(router_fixture& it, int calls = 300, const rpc::load_report* load = nullptr) {
  for (int i = 0; i < calls; ++i) {
    (void)it.core.begin(hedged(it), it.now, it.out);
    it.pass(i % 20 == 0 ? 11ms : 10ms);
    it.answer(it.last<transmit>().attempt, code::ok, load);
    it.out.clear();
  }
}

}  // namespace

// --- Backups ------------------------------------------------------------------------------------------

TEST_CASE(
    "a safe attempt that stalls gets one backup elsewhere; the first answer wins, the other is withdrawn") {
  router_fixture it;
  it.connected(3);
  const call_id call = it.call(safety::idempotent, 3s);
  const auto first = it.last<transmit>();
  it.pass(999ms);
  CHECK(it.transmits() == 1);
  it.pass(2ms);
  REQUIRE(it.transmits() == 2);
  const auto second = it.last<transmit>();
  CHECK(second.call == call);
  CHECK(second.to != first.to);
  CHECK(second.number == 2);
  CHECK(it.core.counted().backups == 1);
  it.pass(1500ms);
  CHECK(it.transmits() == 2);
  SUBCASE("the backup answers first") {
    it.answer(second.attempt);
    CHECK(it.last<finish>().winner == second.attempt);
    CHECK(it.last<withdraw>().attempt == first.attempt);
    CHECK(it.last<withdraw>().to == first.to);
  }
  SUBCASE("the first answers after all") {
    it.answer(first.attempt);
    CHECK(it.last<finish>().winner == first.attempt);
    CHECK(it.last<withdraw>().attempt == second.attempt);
  }
  SUBCASE("the backup is lost, and another takes its place") {
    it.core.link_down(second.to, "", it.now, it.out);
    REQUIRE(it.transmits() == 3);
    CHECK(it.last<transmit>().to != first.to);
    it.answer(it.last<transmit>().attempt);
    CHECK(it.finishes() == 1);
  }
  SUBCASE("the first is lost, and the backup goes on") {
    it.core.link_down(first.to, "", it.now, it.out);
    it.answer(second.attempt);
    CHECK(it.finishes() == 1);
    CHECK(it.last<finish>().winner == second.attempt);
  }
}

TEST_CASE("the time to a backup follows the measured p99, within 20 ms and a third of what remains") {
  const auto backup_after = [](duration usual, duration timeout) {
    router_fixture it;
    it.connected(2);
    for (int i = 0; i < 200; ++i) {
      it.call(safety::idempotent, 10s);
      it.pass(usual);
      it.answer(it.last<transmit>().attempt);
      it.out.clear();
    }
    it.call(safety::idempotent, timeout);
    const time_point then = it.now;
    while (it.transmits() == 1) {
      it.now = it.core.next_deadline();
      it.core.tick(it.now, it.out);
    }
    return it.now - then;
  };
  CHECK(backup_after(1ms, 3s) <= 21ms);
  CHECK(backup_after(1ms, 3s) >= 20ms);
  const duration usual = backup_after(50ms, 3s);
  CHECK(usual >= 180ms);
  CHECK(usual <= 300ms);
  CHECK(backup_after(50ms, 150ms) <= 51ms);
}

TEST_CASE("an unsafe attempt never gets a backup") {
  router_fixture it;
  it.connected(3);
  it.call(safety::unsafe, 10s);
  it.core.fell_silent(it.last<transmit>().to, it.now, it.out);
  it.pass(11s);
  CHECK(it.transmits() == 1);
  CHECK(it.last<finish>().failure.code == code::deadline_exceeded);
}

TEST_CASE("where a method declares no backups, a stalled attempt gets none, and one on a silent node does") {
  router_fixture it;
  it.connected(3);
  auto waits_long = it.spec(safety::read_only, 10s);
  waits_long.traits.backup = rpc::backing::off;
  it.core.begin(waits_long, it.now, it.out);
  it.pass(5s);
  CHECK(it.transmits() == 1);
  it.core.fell_silent(it.last<transmit>().to, it.now, it.out);
  CHECK(it.transmits() == 2);
}

TEST_CASE("a backup that cannot be paid for is not made, and the call goes on") {
  options settings;
  settings.retry.budget_initial = 0;
  settings.retry.budget_per_call = 0;
  settings.retry.budget_per_second = 0;
  router_fixture it(settings);
  it.connected(2);
  it.call(safety::idempotent, 3s);
  it.pass(2s);
  CHECK(it.transmits() == 1);
  CHECK(it.core.counted().budget_refusals > 0);
  it.answer(it.last<transmit>().attempt);
  CHECK(it.finishes() == 1);
  CHECK(it.core.counted().failed == 0);
}

TEST_CASE("without another replica there is no backup, until one appears") {
  router_fixture it;
  it.connected(1);
  it.call(safety::idempotent, 6s);
  it.pass(3s);
  CHECK(it.transmits() == 1);
  it.appear(2);
  it.up(2);
  it.pass(30ms);
  CHECK(it.transmits() == 2);
}

// --- Hedges -------------------------------------------------------------------------------------------

TEST_CASE("a call that opts in gets a second attempt elsewhere once it is slower than usual") {
  router_fixture it;
  it.connected(4);
  practise(it);
  const auto before = it.core.counted().hedges;
  const double budget = it.core.retry_budget(it.echo, it.now);
  (void)it.core.begin(hedged(it), it.now, it.out);
  it.pass(9ms);
  CHECK(it.transmits() == 1);
  it.pass(16ms);
  REQUIRE(it.transmits() == 2);
  const auto sent = it.all<transmit>();
  CHECK(sent[0].call == sent[1].call);
  CHECK(sent[0].to != sent[1].to);
  CHECK(it.core.counted().hedges == before + 1);
  CHECK(it.core.retry_budget(it.echo, it.now) < budget - .5);
  SUBCASE("the hedge answers first, and the first is withdrawn") {
    it.answer(sent[1].attempt);
    CHECK(it.last<finish>().winner == sent[1].attempt);
    CHECK(it.last<withdraw>().attempt == sent[0].attempt);
  }
  SUBCASE("the first answers after all, and the hedge is withdrawn") {
    it.answer(sent[0].attempt);
    CHECK(it.last<finish>().winner == sent[0].attempt);
    CHECK(it.last<withdraw>().attempt == sent[1].attempt);
  }
  SUBCASE("the hedge is refused, and the first goes on alone") {
    it.refuse(sent[1].attempt, code::resource_exhausted);
    CHECK(it.transmits() == 2);
    it.answer(sent[0].attempt);
    CHECK(it.last<finish>().winner == sent[0].attempt);
  }
  SUBCASE("there is no second hedge; when both have stalled, there is a backup") {
    it.pass(10ms);
    CHECK(it.core.counted().hedges == before + 1);
    it.pass(200ms);
    CHECK(it.core.counted().hedges == before + 1);
    CHECK(it.core.counted().backups == 1);
  }
}

TEST_CASE("nothing is hedged that did not opt in, is unsafe, or has no usual time") {
  router_fixture it;
  it.connected(4);
  SUBCASE("not opted in") {
    practise(it);
    const auto before = it.core.counted().hedges;
    it.call(safety::read_only, 2s);
    it.pass(30ms);
    CHECK(it.core.counted().hedges == before);
  }
  SUBCASE("unsafe, whatever the spec says") {
    practise(it);
    const auto before = it.core.counted().hedges;
    (void)it.core.begin(hedged(it, safety::unsafe), it.now, it.out);
    it.pass(1s);
    CHECK(it.transmits() == 1);
    CHECK(it.core.counted().hedges == before);
  }
  SUBCASE("never measured") {
    (void)it.core.begin(hedged(it), it.now, it.out);
    it.pass(500ms);
    CHECK(it.transmits() == 1);
  }
}

TEST_CASE("at most one call in fifty is hedged, however slow all of them are") {
  router_fixture it;
  it.connected(4);
  practise(it);
  const auto before = it.core.counted();
  for (int i = 0; i < 1000; ++i) {
    (void)it.core.begin(hedged(it), it.now, it.out);
    it.pass(40ms);
    for (const auto& sent : it.all<transmit>()) it.answer(sent.attempt);
    it.out.clear();
  }
  const auto hedges = it.core.counted().hedges - before.hedges;
  CHECK(hedges > 0);
  CHECK(hedges <= 20 + 20);  // and what the practice had saved
}

TEST_CASE("while more than a quarter of the replicas are hot there are no hedges") {
  router_fixture it;
  it.connected(4);
  practise(it);
  const auto slow = [&] {
    const auto before = it.core.counted().hedges;
    (void)it.core.begin(hedged(it), it.now, it.out);
    it.pass(25ms);
    const auto made = it.core.counted().hedges - before;
    it.core.cancel(it.last<transmit>().call, it.now, it.out);
    return made;
  };
  CHECK(slow() == 1);
  practise(it);
  // Each replica's answers say that requests wait there longer than they are served.
  rpc::load_report busy;
  busy.queue_delay = 30ms;
  busy.service_time = 10ms;
  practise(it, 50, &busy);
  CHECK(slow() == 0);
  it.pass(3s);
  practise(it, 50);
  CHECK(slow() == 1);
}

TEST_CASE("advice that comes while another attempt is under way leaves that one its chance") {
  router_fixture it;
  it.connected(4);
  practise(it);
  (void)it.core.begin(hedged(it), it.now, it.out);
  it.pass(25ms);
  const auto sent = it.all<transmit>();
  REQUIRE(sent.size() == 2);
  it.refuse_for_good(sent[1].attempt);
  CHECK(it.finishes() == 0);
  SUBCASE("it answers") {
    it.answer(sent[0].attempt);
    CHECK(it.last<finish>().winner == sent[0].attempt);
    CHECK(it.last<finish>().advice == advice::may_retry);
  }
  SUBCASE("it is lost") {
    it.core.link_down(sent[0].to, "reset", it.now, it.out);
    CHECK(it.finishes() == 0);
    REQUIRE(it.transmits() == 3);  // one replica's advice, among others that accept
    it.answer(it.last<transmit>().attempt);
    CHECK(it.last<finish>().advice == advice::may_retry);
  }
}
