// What the router does about slow, overloaded and absent-minded replicas: hedges, the throttle, refusals.
#include <set>

#include <doctest/doctest.h>

#include "stage.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using rpc::advice;
using rpc::criticality;
using rpc::hedging;
using rpc::safety;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

call_spec hedged(const stage& it, safety declared = safety::read_only, duration timeout = 2s) {
  call_spec spec = it.spec(declared, timeout);
  spec.hedge = hedging::on;
  return spec;
}

/// Calls that take 10 ms, so that the router knows what is usual.
void practise(stage& it, int calls = 300, const rpc::load_report* load = nullptr) {
  for (int i = 0; i < calls; ++i) {
    (void)it.core.begin(hedged(it), it.now, it.out);
    it.pass(i % 20 == 0 ? 11ms : 10ms);
    it.answer(it.last<transmit>().attempt, code::ok, load);
    it.out.clear();
  }
}

}  // namespace

// --- Hedges --------------------------------------------------------------------------------------------

TEST_CASE("a call that opts in gets a second attempt elsewhere once it is slower than usual") {
  stage it;
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
  stage it;
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
  stage it;
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
  stage it;
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

// --- The throttle --------------------------------------------------------------------------------------

TEST_CASE("a service that refuses nearly everything for overload gets fewer calls, the critical ones last") {
  stage it;
  it.connected(3);
  const auto call_as = [&](criticality what) {
    call_spec spec = it.spec();
    spec.criticality = what;
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
  stage it;
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

// --- Refusals ------------------------------------------------------------------------------------------

TEST_CASE("the only replica is waited for while it restarts, also by unsafe calls") {
  for (const safety declared : {safety::unsafe, safety::idempotent}) {
    stage it;
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
  stage it;
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
  stage it;
  it.connected(2);
  it.call(safety::unsafe);
  const auto first = it.last<transmit>();
  it.refuse(first.attempt, code::unavailable, "the service is being restarted");
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
}

TEST_CASE("overload refusals of the only replica use up the attempts") {
  stage it;
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

TEST_CASE("a refusal that advises against retrying ends the call, and the advice goes up to the caller") {
  stage it;
  it.connected(5);
  const double budget = it.core.retry_budget(it.echo, it.now);
  it.call(safety::idempotent);
  it.refuse_for_good(it.last<transmit>().attempt);
  REQUIRE(it.finishes() == 1);
  CHECK(it.transmits() == 1);
  CHECK(it.core.retry_budget(it.echo, it.now) >= budget);
  const auto done = it.last<finish>();
  CHECK(done.failure.code == code::resource_exhausted);
  CHECK(contains(done.failure.text, "not repeated"));
  CHECK(done.advice == advice::do_not_retry);
}

TEST_CASE("advice that comes while another attempt is under way leaves that one its chance, and no more") {
  stage it;
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
    CHECK(it.transmits() == 2);
    CHECK(it.last<finish>().advice == advice::do_not_retry);
  }
}
