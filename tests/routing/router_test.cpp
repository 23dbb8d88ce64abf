// The life of a call, rule by rule, in virtual time.
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "stage.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using retry::fate;
using rpc::safety;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// Calls that take 20 ms each have been answered, so that a queue matters; what the answers said.
rpc::load_report make_busy(stage& it) {
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

// --- Ids -----------------------------------------------------------------------------------------------

TEST_CASE("an attempt's id is its call's id and the attempt's number") {
  stage it;
  it.connected(1);
  const call_id call = it.call();
  const auto sent = it.last<transmit>();
  CHECK(sent.call == call);
  CHECK(sent.number == 1);
  CHECK(sent.attempt.value == (call.value << 4 | 1));
  CHECK(router::call_of(sent.attempt) == call);
  CHECK(router::slot_of(call) == 1);
  CHECK(sent.remaining == 1s);
}

TEST_CASE("a slot is reused under a new id, and ids of the ended call are ignored") {
  stage it;
  it.connected(1);
  const call_id first = it.call();
  const auto old = it.last<transmit>();
  it.answer(old.attempt);
  CHECK(it.finishes() == 1);
  const call_id second = it.call();
  CHECK(first != second);
  CHECK(router::slot_of(first) == router::slot_of(second));
  it.answer(old.attempt);
  it.core.unsent(old.attempt, "late", it.now, it.out);
  it.core.cancel(first, it.now, it.out);
  it.answer({old.attempt.value ^ 0xfff0000000});
  it.answer({0});
  CHECK(it.finishes() == 1);
  CHECK(it.core.calls_under_way() == 1);
}

// --- An answer -----------------------------------------------------------------------------------------

TEST_CASE("an answer ends the call with its attempt as the winner, application errors included") {
  stage it;
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

// --- Links ---------------------------------------------------------------------------------------------

TEST_CASE("nodes are dialled when a service of theirs is first used, and not before") {
  stage it;
  it.appear(1);
  it.appear(2);
  it.appear(it.view(3, "test.Other"));
  CHECK(it.out.empty());
  it.call();
  CHECK(it.all<dial>().size() == 2);
  it.call();
  CHECK(it.all<dial>().size() == 2);
}

TEST_CASE("a new replica of a used service is dialled when it appears") {
  stage it;
  it.connected(1);
  it.call();
  it.appear(2);
  REQUIRE(it.all<dial>().size() == 1);
  CHECK(it.last<dial>().to == node_number(2));
}

TEST_CASE("a call without a connected replica is parked, and resumes when a link comes up") {
  stage it;
  it.appear(1);
  it.call();
  it.call();
  CHECK(it.transmits() == 0);
  it.pass(50ms);
  it.up(1);
  CHECK(it.transmits() == 2);
  CHECK(it.last<transmit>().remaining == 950ms);
}

TEST_CASE("a broken link is dialled again after a backoff that doubles, while it is needed") {
  stage it;
  it.appear(1);
  it.call(safety::unsafe, 60s);
  duration waited[6];
  for (duration& each : waited) {
    const std::size_t before = it.all<dial>().size();
    const time_point then = it.now;
    it.down(1, "connection refused");
    while (it.all<dial>().size() == before) {
      it.now = it.core.next_deadline();
      it.core.tick(it.now, it.out);
    }
    each = it.now - then;
  }
  CHECK(waited[0] <= 51ms);
  CHECK(waited[0] >= 25ms);
  CHECK(waited[5] >= 800ms);
  CHECK(waited[5] <= 1601ms);
}

TEST_CASE("a node that is gone is not dialled again") {
  stage it;
  it.connected(1);
  it.answer((it.call(), it.last<transmit>().attempt));
  it.change(1, node_status::gone);
  it.down(1);
  it.pass(20s);
  CHECK(it.all<dial>().empty());
}

TEST_CASE("this node is a replica whose link is always up") {
  stage it;
  it.appear(0);
  it.call();
  CHECK(it.last<transmit>().to == node_number(0));
  CHECK(it.all<dial>().empty());
  it.core.link_down(node_number(0), "never", it.now, it.out);
  it.call();
  CHECK(it.transmits() == 2);
}

TEST_CASE(
    "a call with a key waits for first links, so that a router that has just started finds the key's owner") {
  // Where the key goes when everybody is connected.
  const auto owner_of = [](std::uint64_t key) {
    stage warm;
    warm.connected(3);
    auto spec = warm.spec();
    spec.affinity = key;
    (void)warm.core.begin(spec, warm.now, warm.out);
    return warm.last<transmit>().to;
  };
  for (std::uint64_t key = 1; key <= 20; ++key) {
    CAPTURE(key);
    stage cold;
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
  stage it;
  it.appear(1);
  it.appear(2);
  auto spec = it.spec();
  // One that belongs to the second.
  for (spec.affinity = 1;; ++*spec.affinity) {
    stage warm;
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
  stage it;
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
  stage it;
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
  stage it;
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

// --- Deadlines and cancellation ------------------------------------------------------------------------

TEST_CASE("at its deadline a call ends as DEADLINE_EXCEEDED and its attempts are withdrawn") {
  stage it;
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
  stage it;
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
  stage it;
  it.connected(1);
  it.call(safety::idempotent, 0s);
  CHECK(it.transmits() == 0);
  CHECK(it.last<finish>().failure.code == code::deadline_exceeded);
}

TEST_CASE("a cancelled call withdraws its attempts and ends as CANCELLED") {
  stage it;
  it.connected(1);
  const call_id call = it.call();
  it.core.cancel(call, it.now, it.out);
  CHECK(it.last<withdraw>().attempt == it.last<transmit>().attempt);
  CHECK(it.last<finish>().failure.code == code::cancelled);
  it.core.cancel(call, it.now, it.out);
  CHECK(it.finishes() == 1);
  CHECK(it.core.next_deadline() == never);
}

TEST_CASE("beyond calls_max a call ends at once as RESOURCE_EXHAUSTED and the others are untouched") {
  options settings;
  settings.calls_max = 4;
  stage it(settings);
  it.connected(1);
  for (int i = 0; i < 3; ++i) CHECK(router::slot_of(it.call()) < 4);
  const call_id refused = it.call();
  const call_id another = it.call();
  CHECK(refused != another);
  CHECK(router::slot_of(refused) == 0);
  REQUIRE(it.finishes() == 2);
  CHECK(it.last<finish>().call == another);
  CHECK(it.last<finish>().failure.code == code::resource_exhausted);
  CHECK(contains(it.last<finish>().failure.text, "calls_max"));
  CHECK(it.core.calls_under_way() == 3);
}

// --- Failing over --------------------------------------------------------------------------------------

TEST_CASE("what was never sent goes to another replica at once, free, also for unsafe methods") {
  stage it;
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
  stage it;
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
  stage it;
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

TEST_CASE("a refusal fails over free once, then from the budget after a wait, at most attempts_max in all") {
  stage it;
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
  stage it;
  it.connected(1);
  it.call(safety::idempotent);
  it.refuse(it.last<transmit>().attempt, code::unavailable, "starting");
  CHECK(it.transmits() == 1);
  it.pass(6ms);
  CHECK(it.transmits() == 2);
}

TEST_CASE("a broken link's safe attempts go elsewhere at once") {
  stage it;
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
  stage it;
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
  stage it;
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
  stage it(settings);
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

// --- Stalled attempts ----------------------------------------------------------------------------------

TEST_CASE(
    "a safe attempt that stalls gets one backup elsewhere; the first answer wins, the other is withdrawn") {
  stage it;
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
    stage it;
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
  stage it;
  it.connected(3);
  it.call(safety::unsafe, 10s);
  it.core.fell_silent(it.last<transmit>().to, it.now, it.out);
  it.pass(11s);
  CHECK(it.transmits() == 1);
  CHECK(it.last<finish>().failure.code == code::deadline_exceeded);
}

TEST_CASE("a backup that cannot be paid for is not made, and the call goes on") {
  options settings;
  settings.retry.budget_initial = 0;
  settings.retry.budget_per_call = 0;
  settings.retry.budget_per_second = 0;
  stage it(settings);
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
  stage it;
  it.connected(1);
  it.call(safety::idempotent, 6s);
  it.pass(3s);
  CHECK(it.transmits() == 1);
  it.appear(2);
  it.up(2);
  it.pass(30ms);
  CHECK(it.transmits() == 2);
}

// --- Silence, congestion, draining, suspicion ----------------------------------------------------------

TEST_CASE("a silent node is barred at once and its safe attempts get their backup at once") {
  stage it;
  it.connected(2);
  it.call(safety::read_only);
  const auto first = it.last<transmit>();
  it.core.fell_silent(first.to, it.now, it.out);
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
  for (int i = 0; i < 20; ++i) {
    it.call();
    CHECK(it.last<transmit>().to != first.to);
  }
  SUBCASE("until it is heard from again") {
    it.core.heard_from(first.to, it.now);
    std::set<node_id> used;
    for (int i = 0; i < 60; ++i) {
      it.call();
      used.insert(it.last<transmit>().to);
    }
    CHECK(used.contains(first.to));
  }
  SUBCASE("also by an answer") {
    it.answer(first.attempt);
    it.pass(1ms);
    std::set<node_id> used;
    for (int i = 0; i < 60; ++i) {
      it.call();
      used.insert(it.last<transmit>().to);
    }
    CHECK(used.contains(first.to));
  }
  SUBCASE("falling silent twice changes nothing") {
    const std::size_t before = it.transmits();
    it.core.fell_silent(first.to, it.now, it.out);
    CHECK(it.transmits() == before);
  }
}

TEST_CASE("when every replica is silent, calls still go somewhere") {
  stage it;
  it.connected(2);
  for (int i : {1, 2}) it.core.fell_silent(node_number(i), it.now, it.out);
  it.call();
  CHECK(it.transmits() == 1);
}

TEST_CASE("a node that membership declares gone gets nothing more, and its safe attempts move") {
  stage it;
  it.connected(2);
  it.call(safety::idempotent);
  const auto first = it.last<transmit>();
  const int number = first.to == node_number(1) ? 1 : 2;
  it.change(number, node_status::gone);
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to != first.to);
  }
  it.answer(first.attempt);  // it was alive after all
  CHECK(it.last<finish>().winner == first.attempt);
}

TEST_CASE("a congested link gets no new attempts until it has room") {
  stage it;
  it.connected(2);
  it.core.link_congested(node_number(1), router::congested::yes, it.now, it.out);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.core.link_congested(node_number(1), router::congested::no, it.now, it.out);
  it.call();
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("when every link is congested, a call is refused as RESOURCE_EXHAUSTED, not queued") {
  stage it;
  it.connected(2);
  for (int i : {1, 2}) it.core.link_congested(node_number(i), router::congested::yes, it.now, it.out);
  it.call(safety::idempotent);
  CHECK(it.transmits() == 0);
  REQUIRE(it.finishes() == 1);
  CHECK(it.last<finish>().failure.code == code::resource_exhausted);
  CHECK(it.core.calls_under_way() == 0);
}

TEST_CASE("a draining node gets no new attempts unless nothing else exists") {
  stage it;
  it.connected(2);
  it.change(1, node_status::draining);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.change(2, node_status::gone);
  it.call();
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("a load report that says draining is believed before membership brings the news") {
  stage it;
  it.connected(2);
  it.call();
  const auto first = it.last<transmit>();
  rpc::load_report load;
  load.flags = rpc::load_flag::draining;
  it.answer(first.attempt, code::ok, &load);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to != first.to);
  }
}

TEST_CASE("a suspected node is avoided, not excluded") {
  stage it;
  it.connected(2);
  it.change(1, node_status::serving, true);
  for (int i = 0; i < 3; ++i) {
    it.call();
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.down(2);
  it.call();
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("a node's older life cannot change its newer one, and a newer one starts without history") {
  stage it;
  it.connected(1);
  node_view newer = it.view(1);
  newer.self.epoch = {2};
  it.appear(newer);
  it.change(1, node_status::gone);  // of epoch 1
  it.call();
  CHECK(it.transmits() == 1);
  const auto explained = it.core.explain(it.echo, it.now);
  REQUIRE(explained.candidates.size() == 1);
  CHECK(explained.candidates[0].in_flight == 1);
}

TEST_CASE("an attempt that outlives its replica's registration still ends its call") {
  stage it;
  it.connected(2);
  it.call();
  const auto sent = it.last<transmit>();
  node_view bare = it.view(sent.to == node_number(1) ? 1 : 2);
  bare.services.clear();
  it.appear(bare);
  it.answer(sent.attempt);
  CHECK(it.last<finish>().winner == sent.attempt);
  it.call();
  CHECK(it.last<transmit>().to != sent.to);
}

// --- Pinned calls --------------------------------------------------------------------------------------

TEST_CASE("a pinned call goes to its node and to nobody else") {
  stage it;
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
  stage it;
  it.connected(1);
  call_spec spec = it.spec(safety::idempotent, 10s);
  spec.only = node_number(9);
  it.core.begin(spec, it.now, it.out);
  it.pass(2001ms);
  REQUIRE(it.finishes() == 1);
  CHECK(contains(it.last<finish>().failure.text, "pinned"));
}

// --- Overload ------------------------------------------------------------------------------------------

TEST_CASE("a replica that refuses for lack of capacity gets less for a while, and is not ejected for it") {
  stage it;
  it.connected(3);
  for (int i = 0; i < 60; ++i) {  // all are seen
    it.call();
    it.pass(1ms);
    it.answer(it.last<transmit>().attempt);
  }
  std::map<node_id, int> share;
  for (int i = 0; i < 300; ++i) {
    it.call(safety::unsafe, 50ms);
    auto sent = it.last<transmit>();
    if (sent.to == node_number(1)) {
      ++share[sent.to];
      it.refuse(sent.attempt, code::resource_exhausted);
      sent = it.last<transmit>();
    }
    ++share[sent.to];
    it.pass(1ms);
    it.answer(sent.attempt);
  }
  CHECK(share[node_number(1)] < 60);
  for (const auto& each : it.core.explain(it.echo, it.now).candidates)
    CHECK(each.ejected_until == time_point{});
}

// --- Steering ------------------------------------------------------------------------------------------

TEST_CASE("the policy of a service can be changed while running") {
  stage it;
  it.connected(3);
  REQUIRE(it.core.set_policy("test.Echo", balance::policy_kind::round_robin));
  std::vector<node_id> order;
  for (int i = 0; i < 6; ++i) {
    it.call();
    order.push_back(it.last<transmit>().to);
  }
  CHECK(order[0] == order[3]);
  CHECK(order[1] == order[4]);
  CHECK(order[0] != order[1]);
  CHECK(it.core.explain(it.echo, it.now).policy == "round_robin");
  const auto refused = it.core.set_policy("test.Nothing", balance::policy_kind::random);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == code::not_found);
}

TEST_CASE("services are interned once and listed by name") {
  stage it;
  CHECK(it.core.intern("test.Echo") == it.echo);
  const service_ref other = it.core.intern("test.Another");
  CHECK(other != it.echo);
  CHECK(it.core.name_of(other) == "test.Another");
  CHECK(it.core.services() == std::vector<std::string>{"test.Another", "test.Echo"});
}

TEST_CASE("routing options that make no sense are refused by name") {
  CHECK(options{}.validate());
  const auto refused = [](auto change) {
    options wrong;
    change(wrong);
    return !wrong.validate();
  };
  CHECK(refused([](options& o) { o.calls_max = 1; }));
  CHECK(refused([](options& o) { o.calls_max = (1u << 24) + 1; }));
  CHECK(refused([](options& o) { o.unknown_service_patience = -1s; }));
  CHECK(refused([](options& o) { o.stall_p99s = .5; }));
  CHECK(refused([](options& o) { o.stall_min = 0s; }));
  CHECK(refused([](options& o) { o.redial_max = 1ms; }));
  CHECK(refused([](options& o) { o.retry.attempts_max = 0; }));
  CHECK(refused([](options& o) { o.balance.tie = 2; }));
}

// --- Probes --------------------------------------------------------------------------------------------

namespace {

constexpr rpc::load_report quiet{.in_flight = 1, .workers = 4, .limit = 100, .service_time = 2ms};

/// Calls one after the other, 10 ms apart, each answered after 2 ms by an idle replica.
void make_calls(stage& it, int count) {
  for (int i = 0; i < count; ++i) {
    it.call();
    const auto sent = it.last<transmit>();
    it.pass(2ms);
    it.answer(sent.attempt, code::ok, &quiet);
    it.pass(8ms);
  }
}

}  // namespace

TEST_CASE("every second call asks one of the replicas for its load, after its own first attempt has left") {
  stage it;
  it.connected(4);
  std::map<node_id, int> asked;
  for (int i = 0; i < 400; ++i) {
    const std::size_t before = it.out.size();
    make_calls(it, 1);
    REQUIRE(it.out.size() > before);
    CHECK(std::holds_alternative<transmit>(it.out[before]));
    for (int n = 1; n <= 4; ++n) it.tell(n, quiet);
  }
  for (const probe& each : it.all<probe>()) {
    CHECK(each.service == it.echo);
    ++asked[each.to];
  }
  CHECK(it.all<probe>().size() == 200);
  CHECK(asked.size() == 4);
  for (const auto& [node, count] : asked) CHECK(count > 25);
  CHECK(it.core.counted().probes == 200);
  CHECK(it.core.counted().probes_answered == 1600);
}

TEST_CASE(
    "probes stop at their share of the calls, however many attempts there are, and for a lone replica") {
  SUBCASE("none where they are turned off") {
    options settings;
    settings.balance.probes_per_call = 0;
    stage it(settings);
    it.connected(4);
    make_calls(it, 100);
    CHECK(it.all<probe>().empty());
  }
  SUBCASE("none for a replica that is alone") {
    stage it;
    it.connected(1);
    make_calls(it, 100);
    CHECK(it.all<probe>().empty());
  }
  SUBCASE("and one that does not answer is asked once a second") {
    stage it;
    it.connected(2);
    make_calls(it, 1000);  // 10 s
    CHECK(it.all<probe>().size() <= 22);
    CHECK(it.all<probe>().size() >= 18);
  }
}

TEST_CASE(
    "what cannot be called is not asked either: no link, a full one, a silent node, this very process") {
  stage it;
  it.connected(6);
  it.appear(it.view(7));  // never connected
  make_calls(it, 20);
  node_view here = it.view(0);
  it.appear(here);
  it.down(1, "connection reset");
  it.core.link_congested(node_number(2), router::congested::yes, it.now, it.out);
  it.core.fell_silent(node_number(3), it.now, it.out);
  it.change(4, node_status::gone);
  it.out.clear();
  for (int i = 0; i < 400; ++i) {
    make_calls(it, 1);
    for (const int n : {5, 6}) it.tell(n, quiet);
  }
  CHECK(it.all<probe>().size() > 50);
  for (const probe& each : it.all<probe>()) CHECK((each.to == node_number(5) || each.to == node_number(6)));
}

TEST_CASE("a probe's answer changes the next pick") {
  for (const int busy : {1, 2}) {
    stage it;
    it.connected(2);
    make_calls(it, 50);
    rpc::load_report full = quiet;
    full.in_flight = 60;
    for (int i = 0; i < 5; ++i) {
      it.tell(busy, full);
      it.tell(3 - busy, quiet);
      it.call();
      CHECK(it.last<transmit>().to == node_number(3 - busy));
    }
  }
}

TEST_CASE("the load of a node that is gone, or of a service that it does not offer, is nobody's") {
  stage it;
  it.connected(2);
  const service_ref other = it.core.intern("test.Other");
  it.change(2, node_status::gone);
  it.tell(2, quiet);
  it.core.load_told(node_number(1), other, quiet, it.now);
  CHECK(it.core.counted().probes_answered == 0);
}

// --- The wheel -----------------------------------------------------------------------------------------

TEST_CASE("the timer wheel agrees with a sorted map over random use") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    time_point now{duration{static_cast<std::int64_t>(random() >> 20)}};
    timer_wheel wheel(now);
    std::map<std::uint32_t, time_point> model;
    for (int step = 0; step < 2000; ++step) {
      const std::uint32_t index = random.below(64);
      if (random.below(4) == 0) {
        wheel.disarm(index);
        model.erase(index);
      } else {
        const auto far = random.below(10) == 0 ? 20'000'000'000. : 20'000'000.;
        model[index] = now + duration{static_cast<std::int64_t>(random.unit() * far)};
        wheel.arm(index, model[index]);
      }
      if (random.below(3) != 0) continue;
      const duration pass{static_cast<std::int64_t>(random.unit() * (random.below(50) == 0 ? 9e9 : 5e6))};
      // Nothing may be due before the next deadline.
      const time_point next = wheel.next_deadline();
      for (const auto& [who, due] : model) REQUIRE(next <= due + 1ms);
      now += pass;
      std::vector<std::uint32_t> due;
      wheel.advance(now, due);
      for (std::uint32_t who : due) {
        REQUIRE(model.contains(who));
        REQUIRE(model[who] <= now);
        model.erase(who);
      }
      for (const auto& [who, when] : model) REQUIRE(when > now - 1ms);
    }
  }
}

TEST_CASE("zones that share the part before the slash are one region") {
  using balance::distance;
  CHECK(distance_between("eu/a", "eu/a") == distance::same_zone);
  CHECK(distance_between("eu/a", "") == distance::same_zone);
  CHECK(distance_between("eu/a", "eu/b") == distance::same_region);
  CHECK(distance_between("eu/a", "us/a") == distance::remote);
}
