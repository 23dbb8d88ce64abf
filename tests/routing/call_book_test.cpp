// The life of a call from its beginning to its end, in virtual time.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using retry::fate;
using rpc::criticality;
using rpc::safety;

}  // namespace

// --- An answer ----------------------------------------------------------------------------------------

TEST_CASE("an answer ends the call with its attempt as the winner, application errors included") {
  router_fixture it;
  it.connected(2);
  for (code each : {code::ok, code::not_found, code::unavailable, code::internal}) {
    const call_id call = it.call(safety::idempotent);
    const auto sent = it.last<transmit>();
    const std::size_t before = it.transmits();
    it.answer(sent.attempt, each);
    const auto done = it.last<finish>();
    CHECK(done.call == call);
    CHECK(done.winner == sent.attempt);
    CHECK(it.transmits() == before);
    const auto history = it.core.history(call);
    REQUIRE(history.size() == 1);
    CHECK(history[0].fate == fate::answered);
    CHECK(history[0].code == each);
  }
  CHECK(it.core.calls_under_way() == 0);
  CHECK(it.core.counted().failed == 0);
}

// --- Parked calls -------------------------------------------------------------------------------------

TEST_CASE("a call without a connected replica is parked, and resumes when a link comes up") {
  router_fixture it;
  it.appear(1);
  it.call();
  it.call();
  CHECK(it.transmits() == 0);
  it.pass(50ms);
  it.up(1);
  CHECK(it.transmits() == 2);
  CHECK(it.last<transmit>().remaining == 950ms);
}

TEST_CASE(
    "a call with a key waits for first links, so that a router that has just started finds the key's owner") {
  // Where the key goes when everybody is connected.
  const auto owner_of = [](std::uint64_t key) {
    router_fixture warm;
    warm.connected(3);
    auto spec = warm.spec();
    spec.affinity = key;
    (void)warm.core.begin(spec, warm.now, warm.out);
    return warm.last<transmit>().to;
  };
  for (std::uint64_t key = 1; key <= 20; ++key) {
    CAPTURE(key);
    router_fixture cold;
    for (int i = 1; i <= 3; ++i) cold.appear(i);
    auto spec = cold.spec();
    spec.affinity = key;
    (void)cold.core.begin(spec, cold.now, cold.out);
    const node_id owner = owner_of(key);
    for (int i = 1; i <= 3; ++i) {
      if (node_number(i) == owner) continue;
      cold.up(i);
      CHECK(cold.transmits() == 0);
    }
    cold.core.link_up(owner, cold.now, cold.out);
    REQUIRE(cold.transmits() == 1);
    CHECK(cold.last<transmit>().to == owner);
  }
}

TEST_CASE("a call with a key does not wait long for a link that does not come") {
  router_fixture it;
  it.appear(1);
  it.appear(2);
  auto spec = it.spec();
  // One that belongs to the second.
  for (spec.affinity = 1;; ++*spec.affinity) {
    router_fixture warm;
    warm.connected(2);
    (void)warm.core.begin(spec, warm.now, warm.out);
    if (warm.last<transmit>().to == node_number(2)) break;
  }
  (void)it.core.begin(spec, it.now, it.out);
  it.up(1);
  CHECK(it.transmits() == 0);
  it.pass(options{}.affinity_patience + 1ms);
  REQUIRE(it.transmits() == 1);
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("a parked call fails at its deadline as UNAVAILABLE and names what is known") {
  router_fixture it;
  it.appear(1);
  const call_id call = it.call(safety::idempotent, 300ms);
  it.down(1, "connection refused");
  it.pass(299ms);
  CHECK(it.finishes() == 0);
  it.pass(1ms);
  REQUIRE(it.finishes() == 1);
  const auto done = it.last<finish>();
  CHECK(done.call == call);
  CHECK_FALSE(done.winner);
  CHECK(done.failure.code == code::unavailable);
  CHECK(contains(done.failure.text, "test.Echo"));
  CHECK(contains(done.failure.text, "300 ms"));
  CHECK(contains(done.failure.text, "1 replica is known, 0 connected"));
  CHECK(contains(done.failure.text, "connection refused"));
}

TEST_CASE("a call to a service that nobody offers fails after the patience for it, naming other services") {
  router_fixture it;
  it.appear(it.view(1, "test.Other"));
  it.call(safety::unsafe, 30s);
  it.pass(1999ms);
  CHECK(it.finishes() == 0);
  it.pass(2ms);
  REQUIRE(it.finishes() == 1);
  CHECK(it.last<finish>().failure.code == code::unavailable);
  CHECK(contains(it.last<finish>().failure.text, "No replica of test.Echo is known"));
  CHECK(contains(it.last<finish>().failure.text, "test.Other"));
}

TEST_CASE("the patience for an unknown service is bounded by the deadline, and ends when a replica appears") {
  router_fixture it;
  it.call(safety::unsafe, 100ms);
  it.pass(101ms);
  CHECK(it.finishes() == 1);
  it.call(safety::unsafe, 30s);
  it.pass(1s);
  it.appear(1);
  it.pass(5s);
  CHECK(it.finishes() == 1);
  it.up(1);
  CHECK(it.transmits() == 1);
}

// --- Deadlines and cancellation -----------------------------------------------------------------------

TEST_CASE("at its deadline a call ends as DEADLINE_EXCEEDED and its attempts are withdrawn") {
  router_fixture it;
  it.connected(1);
  const call_id call = it.call(safety::unsafe, 80ms);
  it.pass(79ms);
  CHECK(it.finishes() == 0);
  it.pass(1ms);
  REQUIRE(it.finishes() == 1);
  CHECK(it.last<finish>().failure.code == code::deadline_exceeded);
  CHECK(contains(it.last<finish>().failure.text, "No answer from test.Echo within 80 ms"));
  CHECK(it.last<withdraw>().attempt == it.last<transmit>().attempt);
  CHECK(it.core.history(call)[0].ended == it.now);
  it.answer(it.last<transmit>().attempt);
  CHECK(it.finishes() == 1);
}

TEST_CASE("a deadline is never early, and late by a tick at most") {
  router_fixture it;
  it.connected(1);
  it.now += 300us;
  const time_point deadline = it.now + 10'450us;
  it.call(safety::unsafe, 10'450us);
  while (it.finishes() == 0) {
    it.now = it.core.next_deadline();
    it.core.tick(it.now, it.out);
  }
  CHECK(it.now >= deadline);
  CHECK(it.now <= deadline + 1ms);
}

TEST_CASE("a call whose deadline has passed ends at once without an attempt") {
  router_fixture it;
  it.connected(1);
  it.call(safety::idempotent, 0s);
  CHECK(it.transmits() == 0);
  CHECK(it.last<finish>().failure.code == code::deadline_exceeded);
}

TEST_CASE("a cancelled call withdraws its attempts and ends as CANCELLED") {
  router_fixture it;
  it.connected(1);
  const call_id call = it.call();
  it.core.cancel(call, it.now, it.out);
  CHECK(it.last<withdraw>().attempt == it.last<transmit>().attempt);
  CHECK(it.last<finish>().failure.code == code::cancelled);
  it.core.cancel(call, it.now, it.out);
  CHECK(it.finishes() == 1);
  CHECK(it.core.next_deadline() == never);
}

// --- Pinned calls -------------------------------------------------------------------------------------

TEST_CASE("a pinned call goes to its node and to nobody else") {
  router_fixture it;
  it.connected(3);
  call_spec spec = it.spec(safety::idempotent, 10s);
  spec.only = node_number(2);
  for (int i = 0; i < 10; ++i) {
    it.core.begin(spec, it.now, it.out);
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.down(2, "gone");
  CHECK(it.transmits() == 10);
  it.up(2);
  CHECK(it.transmits() == 20);
  for (const transmit& each : it.all<transmit>()) CHECK(each.to == node_number(2));
}

TEST_CASE("a call pinned to a node that is not known fails after the patience for it") {
  router_fixture it;
  it.connected(1);
  call_spec spec = it.spec(safety::idempotent, 10s);
  spec.only = node_number(9);
  it.core.begin(spec, it.now, it.out);
  it.pass(2001ms);
  REQUIRE(it.finishes() == 1);
  CHECK(contains(it.last<finish>().failure.text, "pinned"));
}

// --- The throttle -------------------------------------------------------------------------------------

TEST_CASE("a service that refuses nearly everything for overload gets fewer calls, the critical ones last") {
  router_fixture it;
  it.connected(3);
  const auto call_as = [&](criticality what) {
    call_spec spec = it.spec();
    spec.traits.criticality = what;
    const auto before = it.transmits();
    (void)it.core.begin(spec, it.now, it.out);
    return it.transmits() > before;
  };
  const auto answer_all = [&](auto how) {
    for (bool more = true; more;) {
      more = false;
      const auto sent = it.all<transmit>();
      it.out.clear();
      for (const auto& each : sent) {
        how(each.attempt);
        more = true;
      }
      it.pass(20ms);
    }
  };
  for (int i = 0; i < 40; ++i) {
    (void)call_as(criticality::normal);
    answer_all([&](attempt_id attempt) { it.refuse(attempt, code::resource_exhausted); });
    (void)call_as(criticality::critical);
    answer_all([&](attempt_id attempt) { it.answer(attempt); });
  }
  CHECK(it.core.counted().throttled > 0);
  int normal = 0;
  int sheddable = 0;
  int critical = 0;
  for (int i = 0; i < 50; ++i) {
    normal += call_as(criticality::normal);
    sheddable += call_as(criticality::sheddable);
    critical += call_as(criticality::critical);
  }
  CHECK(normal < 15);
  CHECK(sheddable < 15);
  CHECK(critical == 50);
  for (const auto& done : it.all<finish>()) {
    CHECK(done.failure.code == code::resource_exhausted);
    CHECK(contains(done.failure.text, "refused here"));
  }
  it.pass(30s);
  CHECK(call_as(criticality::normal));
}

TEST_CASE("replicas that are dead, broken or restarting throttle nobody") {
  router_fixture it;
  it.connected(1);
  for (int i = 0; i < 100; ++i) {
    it.call(safety::unsafe, 50ms);
    if (i % 3 == 0) it.refuse(it.last<transmit>().attempt, code::unavailable, "restarting");
    if (i % 3 == 1) it.down(1, "reset");
    it.pass(60ms);
    it.up(1);
    it.out.clear();
  }
  CHECK(it.core.counted().throttled == 0);
}

// --- Without a router ---------------------------------------------------------------------------------

TEST_CASE("a call book needs no more than services and links that it can ask") {
  parts_fixture parts;
  parts.connected(1);
  const call_id call = parts.calls.begin(parts.spec(), parts.now, parts.out);
  const auto sent = all_of<transmit>(parts.out);
  REQUIRE(sent.size() == 1);
  CHECK(parts.calls.under_way() == 1);
  CHECK(parts.calls.next_deadline() <= parts.now + 1s);
  parts.calls.answered(sent[0].attempt, {}, parts.now, parts.out);
  CHECK(all_of<finish>(parts.out).size() == 1);
  CHECK(parts.calls.under_way() == 0);
  CHECK(parts.calls.next_deadline() == never);
  CHECK(parts.calls.history(call).size() == 1);
  CHECK(parts.calls.counted().calls == 1);
  CHECK(parts.calls.counted().attempts == 1);
}

TEST_CASE("a node is awaited while a call that is for it alone is parked") {
  parts_fixture parts;
  call_spec spec = parts.spec();
  spec.only = node_number(3);
  parts.calls.begin(spec, parts.now, parts.out);
  CHECK(parts.calls.is_awaited(node_number(3)));
  CHECK_FALSE(parts.calls.is_awaited(node_number(2)));
  parts.connected(3);
  parts.calls.restart_parked(node_number(3), parts.now, parts.out);
  CHECK(all_of<transmit>(parts.out).size() == 1);
  CHECK_FALSE(parts.calls.is_awaited(node_number(3)));
}

TEST_CASE("parked calls begin anew when a node takes calls that offers a service of theirs") {
  parts_fixture parts;
  parts.calls.begin(parts.spec(), parts.now, parts.out);
  const auto restart = [&](const node_view& view) {
    parts.links.node_changed(view, parts.now, parts.out);
    parts.calls.restart_parked(view.self.node, parts.now, parts.out);
    const auto before_link = all_of<transmit>(parts.out).size();
    parts.links.link_up(view.self.node, parts.now);
    parts.calls.restart_parked(view.self.node, parts.now, parts.out);
    return std::pair(before_link, all_of<transmit>(parts.out).size());
  };
  CHECK(restart(view_of(1, "test.Other")) == std::pair<std::size_t, std::size_t>(0, 0));
  CHECK(restart(view_of(2)) == std::pair<std::size_t, std::size_t>(0, 1));
  parts.calls.restart_parked(node_number(9), parts.now, parts.out);  // nobody
}

TEST_CASE("of the calls under way only those with an attempt on the node lose one") {
  parts_fixture parts;
  parts.connected(2);
  for (int i = 0; i < 10; ++i) parts.calls.begin(parts.spec(), parts.now, parts.out);
  std::size_t there = 0;
  for (const transmit& each : all_of<transmit>(parts.out)) there += each.to == node_number(1);
  parts.calls.lose_attempts_on(node_number(1), "reset", parts.now, parts.out);
  CHECK(all_of<finish>(parts.out).size() == there);
  CHECK(parts.calls.under_way() == 10 - there);
}

TEST_CASE("a call gets no further backup while an attempt of it is somewhere else") {
  parts_fixture parts;
  parts.connected(3);
  parts.calls.begin(parts.spec(safety::idempotent), parts.now, parts.out);
  const node_id first = all_of<transmit>(parts.out)[0].to;
  parts.links.fell_silent(first);
  for (int i = 0; i < 2; ++i) {
    parts.calls.back_up_attempts_on(first, parts.now, parts.out);
    CHECK(all_of<transmit>(parts.out).size() == 2);
  }
  CHECK(parts.calls.counted().backups == 1);
}
