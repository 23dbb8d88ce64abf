// What follows an attempt that failed, rule by rule.
#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using retry::fate;
using rpc::advice;
using rpc::safety;

/// Calls that take 20 ms each have been answered, so that a queue matters; what the answers said.
rpc::load_report make_busy(router_fixture& it) {
  rpc::load_report load;
  load.in_flight = 1;
  load.workers = 1;
  load.limit = 100;
  load.service_time = 20ms;
  for (int i = 0; i < 30; ++i) {
    it.call();
    const auto sent = it.last<transmit>();
    it.pass(20ms);
    it.answer(sent.attempt, code::ok, &load);
  }
  return load;
}

}  // namespace

// --- Never sent, and bounced ---------------------------------------------------------------------------

TEST_CASE("what was never sent goes to another replica at once, free, also for unsafe methods") {
  router_fixture it;
  it.connected(3);
  const double budget = it.core.retry_budget(it.echo, it.now);
  std::set<node_id> tried;
  it.call(safety::unsafe);
  for (int i = 0; i < 3; ++i) {
    const auto sent = it.last<transmit>();
    tried.insert(sent.to);
    it.core.unsent(sent.attempt, "link full", it.now, it.out);
  }
  CHECK(tried.size() == 3);
  CHECK(it.core.retry_budget(it.echo, it.now) >= budget);
  SUBCASE("and waits for a backoff once all have been tried") {
    CHECK(it.transmits() == 3);
    CHECK(it.finishes() == 0);
    it.pass(20ms);
    CHECK(it.transmits() > 3);
  }
  SUBCASE("and goes on until the deadline without running out of attempt numbers") {
    while (it.finishes() == 0) {
      it.now = it.core.next_deadline();
      it.core.tick(it.now, it.out);
      if (it.finishes() == 0 && it.last<transmit>().attempt.value != 0)
        it.core.unsent(it.last<transmit>().attempt, "link full", it.now, it.out);
    }
    CHECK(it.last<finish>().failure.code == code::unavailable);
    CHECK(it.transmits() > 8);
    CHECK(it.transmits() < 200);
    for (const transmit& each : it.all<transmit>()) CHECK(each.number <= 15);
  }
}

TEST_CASE("a call that bounces goes where it is better off, at once and free, and is let in there") {
  router_fixture it;
  it.connected(3);
  const rpc::load_report usual = make_busy(it);
  it.out.clear();
  const call_id call = it.call(safety::unsafe);
  const double budget = it.core.retry_budget(it.echo, it.now);
  const auto first = it.last<transmit>();
  REQUIRE(first.bounce_at > 0);
  rpc::load_report full = usual;
  full.in_flight = first.bounce_at + 10;
  it.bounce(first.attempt, full);
  REQUIRE(it.transmits() == 2);
  const auto second = it.last<transmit>();
  CHECK(second.to != first.to);
  CHECK(second.bounce_at == 0);
  CHECK(second.number == 1);  // it is no repeat to whoever turns repeats away first
  CHECK(second.attempt != first.attempt);
  CHECK(it.core.retry_budget(it.echo, it.now) == doctest::Approx(budget));
  CHECK(it.core.counted().bounced == 1);
  CHECK(it.core.counted().failovers == 0);

  SUBCASE("and is no call that took several attempts") {
    it.answer(second.attempt, code::ok, &usual);
    REQUIRE(it.finishes() == 1);
    CHECK(it.core.history(call)[0].fate == fate::bounced);
    for (const recent_call* each : it.core.recent().list("", 100))
      CHECK(each->kept_for != recent_call::reason::repeated);
  }
  SUBCASE("and has all its repeats left") {
    it.refuse(second.attempt, code::resource_exhausted);
    REQUIRE(it.transmits() == 3);
    CHECK(it.last<transmit>().number == 2);
    it.refuse(it.last<transmit>().attempt, code::resource_exhausted);
    it.pass(100ms);
    REQUIRE(it.transmits() == 4);
    it.refuse(it.last<transmit>().attempt, code::resource_exhausted);
    REQUIRE(it.finishes() == 1);
    CHECK(contains(it.last<finish>().failure.text, "all 3 attempts failed"));
  }
  SUBCASE("and to bounce once more, unasked, is to refuse") {
    it.bounce(second.attempt, full);
    CHECK(it.core.counted().bounced == 1);
    CHECK(it.core.history(call)[1].fate == fate::refused);
  }
}

TEST_CASE("a call at its key's owner, or for one node, is let in however many are there") {
  router_fixture it;
  it.connected(3);
  make_busy(it);
  call_spec pinned = it.spec();
  pinned.only = node_number(1);
  it.core.begin(pinned, it.now, it.out);
  CHECK(it.last<transmit>().bounce_at == 0);
  call_spec keyed = it.spec();
  keyed.affinity = 77;
  it.core.begin(keyed, it.now, it.out);
  CHECK(it.last<transmit>().bounce_at == 0);
}

// --- Refused ------------------------------------------------------------------------------------------

TEST_CASE("a refusal fails over free once, then from the budget after a wait, at most attempts_max in all") {
  router_fixture it;
  it.connected(5);
  const call_id call = it.call(safety::unsafe);
  const double budget = it.core.retry_budget(it.echo, it.now);
  it.refuse(it.last<transmit>().attempt, code::resource_exhausted);
  CHECK(it.transmits() == 2);
  CHECK(it.core.retry_budget(it.echo, it.now) == doctest::Approx(budget));
  it.refuse(it.last<transmit>().attempt, code::resource_exhausted);
  CHECK(it.transmits() == 2);
  CHECK(it.core.retry_budget(it.echo, it.now) == doctest::Approx(budget - 1));
  it.pass(6ms);
  REQUIRE(it.transmits() == 3);
  it.refuse(it.last<transmit>().attempt, code::resource_exhausted, "too busy");
  REQUIRE(it.finishes() == 1);
  const auto done = it.last<finish>();
  CHECK(done.failure.code == code::resource_exhausted);
  CHECK(contains(done.failure.text, "all 3 attempts failed"));
  CHECK(contains(done.failure.text, "too busy"));
  const auto history = it.core.history(call);
  REQUIRE(history.size() == 3);
  CHECK(std::set<node_id>{history[0].node, history[1].node, history[2].node}.size() == 3);
  CHECK(it.core.counted().failovers == 2);
}

TEST_CASE("a lone replica that refuses is not asked again at once") {
  router_fixture it;
  it.connected(1);
  it.call(safety::idempotent);
  it.refuse(it.last<transmit>().attempt, code::unavailable, "starting");
  CHECK(it.transmits() == 1);
  it.pass(6ms);
  CHECK(it.transmits() == 2);
}

TEST_CASE("the only replica is waited for while it restarts, also by unsafe calls") {
  for (const safety declared : {safety::unsafe, safety::idempotent}) {
    router_fixture it;
    it.connected(1);
    (void)it.core.begin(it.spec(declared, 5s), it.now, it.out);
    const double budget = it.core.retry_budget(it.echo, it.now);
    std::size_t refused = 0;
    const time_point back = it.now + 1500ms;
    while (it.now < back) {
      const auto sent = it.all<transmit>();
      if (sent.size() > refused) {
        ++refused;
        it.refuse(sent.back().attempt, code::unavailable, "the service is being restarted");
        if (refused == 1) CHECK(it.core.retry_budget(it.echo, it.now) == doctest::Approx(budget));
        if (refused == 2)
          CHECK(it.core.retry_budget(it.echo, it.now) == doctest::Approx(budget - 1).epsilon(.001));
      }
      it.pass(1ms);
    }
    CHECK(refused > 5);
    CHECK(refused < 40);
    CHECK(it.finishes() == 0);
    it.pass(250ms);
    CHECK(it.transmits() == refused + 1);
    it.answer(it.last<transmit>().attempt);
    CHECK(it.last<finish>().winner == it.last<transmit>().attempt);
    for (const auto& each : it.all<transmit>()) CHECK(each.number <= 15);
  }
}

TEST_CASE("a replica that never returns ends the call at its deadline, as not executed") {
  router_fixture it;
  it.connected(1);
  it.call(safety::unsafe, 800ms);
  std::size_t refused = 0;
  while (it.finishes() == 0) {
    if (it.transmits() > refused) {
      ++refused;
      it.refuse(it.last<transmit>().attempt, code::unavailable, "draining");
    }
    it.pass(1ms);
  }
  const auto failure = it.last<finish>().failure;
  CHECK(failure.code == code::unavailable);
  CHECK(contains(failure.text, "draining"));
  CHECK(contains(failure.text, "not executed"));
  CHECK(contains(failure.text, "800 ms"));
}

TEST_CASE("with somebody else to go to, a refusal by a restarting replica does not wait") {
  router_fixture it;
  it.connected(2);
  it.call(safety::unsafe);
  const auto first = it.last<transmit>();
  it.refuse(first.attempt, code::unavailable, "the service is being restarted");
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
}

TEST_CASE("overload refusals of the only replica use up the attempts") {
  router_fixture it;
  it.connected(1);
  it.call(safety::unsafe, 5s);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(it.finishes() == 0);
    it.refuse(it.last<transmit>().attempt, code::resource_exhausted);
    it.pass(100ms);
  }
  REQUIRE(it.finishes() == 1);
  CHECK(it.transmits() == 3);
  CHECK(it.last<finish>().failure.code == code::resource_exhausted);
  CHECK(it.last<finish>().advice == advice::may_retry);
}

TEST_CASE(
    "a replica that advises against retrying speaks for itself while others accept: a repeat costs budget") {
  router_fixture it;
  know_replicas(it, 5);
  const double budget = it.core.retry_budget(it.echo, it.now);
  it.call();
  const auto first = it.last<transmit>();
  it.refuse_for_good(first.attempt);
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
  CHECK(it.core.retry_budget(it.echo, it.now) < budget);
  it.answer(it.last<transmit>().attempt);
  CHECK(it.last<finish>().winner);
}

TEST_CASE("an advice against retrying holds for all once most of them refuse, and goes up to the caller") {
  router_fixture it;
  know_replicas(it, 5);
  int calls = 0;
  finish done;
  do {
    it.out.clear();
    it.call();
    for (int attempts = 1; it.finishes() == 0 && attempts < 10; ++attempts) {
      it.refuse_for_good(it.last<transmit>().attempt);
      it.pass(50ms);
    }
    REQUIRE(it.finishes() == 1);
    done = it.last<finish>();
    REQUIRE(++calls < 200);
  } while (!contains(done.failure.text, "sees many repeats"));
  CHECK(calls > 10);  // of which each had two attempts, beside a hundred that were accepted
  CHECK(done.failure.code == code::resource_exhausted);
  CHECK(done.advice == advice::do_not_retry);
}

TEST_CASE("an advice against retrying holds where there is no other replica") {
  router_fixture it;
  it.connected(1);
  it.call(safety::idempotent);
  it.refuse_for_good(it.last<transmit>().attempt);
  REQUIRE(it.finishes() == 1);
  CHECK(it.last<finish>().advice == advice::do_not_retry);
  CHECK(contains(it.last<finish>().failure.text, "not repeated"));
}

// --- Lost ---------------------------------------------------------------------------------------------

TEST_CASE("a broken link's safe attempts go elsewhere at once") {
  router_fixture it;
  it.connected(3);
  std::map<call_id, node_id> first;
  for (int i = 0; i < 30; ++i) {
    const call_id call = it.call(safety::read_only);
    first[call] = it.last<transmit>().to;
  }
  const auto on_one = static_cast<std::size_t>(std::count_if(
      first.begin(), first.end(), [](const auto& each) { return each.second == node_number(1); }));
  REQUIRE(on_one > 0);
  it.down(1, "connection reset");
  CHECK(it.transmits() == 30 + on_one);
  CHECK(it.finishes() == 0);
  for (const transmit& each : it.all<transmit>()) {
    if (each.number == 1) continue;
    CHECK(each.to != node_number(1));
    CHECK(first[each.call] == node_number(1));
  }
}

TEST_CASE("a broken link's unsafe attempts end as UNAVAILABLE and are never sent again") {
  router_fixture it;
  it.connected(1);
  const call_id call = it.call(safety::unsafe);
  it.appear(2);
  it.up(2);
  it.down(1, "connection reset");
  REQUIRE(it.finishes() == 1);
  const auto done = it.last<finish>();
  CHECK(done.failure.code == code::unavailable);
  CHECK(contains(done.failure.text, "connection reset"));
  CHECK(contains(done.failure.text, "not repeated: the method is not declared safe"));
  CHECK(contains(done.failure.text, "$Troupe.safety(idempotent)"));
  CHECK(it.transmits() == 1);
  CHECK(it.core.history(call)[0].fate == fate::lost);
}

TEST_CASE("a safe call that lost its only replica is parked until a link comes up") {
  router_fixture it;
  it.connected(1);
  it.call(safety::idempotent);
  it.down(1);
  CHECK(it.transmits() == 1);
  it.pass(200ms);
  it.up(1);
  REQUIRE(it.transmits() == 2);
  it.answer(it.last<transmit>().attempt);
  CHECK(it.last<finish>().winner == it.all<transmit>()[1].attempt);
}

TEST_CASE("an empty budget ends the call with its last error and says so") {
  options settings;
  settings.retry.budget_initial = 0;
  settings.retry.budget_per_call = 0;
  settings.retry.budget_per_second = 0;
  router_fixture it(settings);
  it.connected(3);
  it.call(safety::idempotent);
  const node_id on = it.last<transmit>().to;
  it.core.link_down(on, "connection reset", it.now, it.out);
  REQUIRE(it.finishes() == 1);
  CHECK(it.last<finish>().failure.code == code::unavailable);
  CHECK(contains(it.last<finish>().failure.text, "retry budget of the service is empty"));
  CHECK(contains(it.last<finish>().failure.text, "connection reset"));
  CHECK(it.core.counted().budget_refusals == 1);
}
