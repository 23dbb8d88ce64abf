// What callers are told when a call fails.
#include <doctest/doctest.h>

#include <troupe/routing/failure_text.hpp>

#include "parts_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

/// A call to test.Echo that began a quarter of a second ago.
struct failure_fixture : parts_fixture {
  call_state call;

  failure_fixture() {
    call.spec = spec();
    call.began = now - 250ms;
  }
  failure_view view() const { return {call, services, links.nodes(), now}; }
  attempt_record& failed_on(int number) {
    attempt_record& record = call.records[call.open({}, node_number(number), now)];
    record.fate = retry::fate::refused;
    record.note = "too busy";
    return record;
  }
};

}  // namespace

TEST_CASE("where nobody offers a service, the caller is told of others, or that there are none") {
  failure_fixture it;
  CHECK(nobody_offers(it.view()).code == code::unavailable);
  CHECK(contains(nobody_offers(it.view()).text, "No replica of test.Echo is known; waited 250 ms"));
  CHECK(contains(nobody_offers(it.view()).text, "No service at all is known"));
  CHECK(nobody_reachable(it.view()) == nobody_offers(it.view()));
  it.links.node_changed(view_of(1, "test.Other"), it.now, it.out);
  CHECK(contains(nobody_offers(it.view()).text, "Known services: test.Other."));
  it.call.spec.only = node_number(3);
  CHECK(contains(nobody_offers(it.view()).text, "is pinned to, is not known"));
}

TEST_CASE("what is known of the replicas is told in one sentence, with the first link that is missing") {
  failure_fixture it;
  it.connected(3);
  it.links.node_changed(view_of(4, "test.Other"), it.now, it.out);
  CHECK(
      contains(nobody_reachable(it.view()).text, "within 250 ms: 3 replicas are known, 3 connected. Check"));
  it.links.fell_silent(node_number(1));
  it.links.link_down(node_number(2), "connection reset", it.now);
  CHECK(contains(nobody_reachable(it.view()).text,
                 "3 replicas are known, 2 connected, 1 silent or suspected "
                 "(echo-2 (10.0.0.2:7000): connection reset). Check"));
  failure_fixture fresh;
  fresh.links.node_changed(view_of(1), fresh.now, fresh.out);
  CHECK(contains(nobody_reachable(fresh.view()).text,
                 "1 replica is known, 0 connected (echo-1 (10.0.0.1:7000): still connecting)."));
}

TEST_CASE("a last attempt is told with its reason and its node, by id when that is gone") {
  failure_fixture it;
  it.connected(1);
  attempt_record last = it.failed_on(1);
  CHECK(
      contains(not_repeated(it.view(), last).text, "test.Echo: too busy, on echo-1 (10.0.0.1:7000), after"));
  CHECK(contains(budget_empty(it.view(), last).text, "too busy, on echo-1"));
  CHECK(contains(told_not_to_retry(it.view(), last).text, "too busy, on echo-1"));
  last.note.clear();
  last.node = node_number(7);
  CHECK(contains(not_repeated(it.view(), last).text, "refused, not executed, on node 000000000000006b"));
}

TEST_CASE("attempts that are used up end with the last one's code, and advice that fits it") {
  failure_fixture it;
  it.connected(1);
  attempt_record& last = it.failed_on(1);
  last.code = code::resource_exhausted;
  CHECK(attempts_used(it.view(), last).code == code::resource_exhausted);
  CHECK(contains(attempts_used(it.view(), last).text, "all 1 attempt failed, the last on echo-1"));
  CHECK(contains(attempts_used(it.view(), last).text, "Send less, or add replicas."));
  last.code = code::ok;  // a link that broke has none
  CHECK(attempts_used(it.view(), last).code == code::unavailable);
  CHECK(contains(attempts_used(it.view(), last).text, "Look at the logs of these nodes."));
  CHECK(budget_empty(it.view(), last).code == code::unavailable);
}

TEST_CASE("a deadline says whether there was an attempt") {
  failure_fixture it;
  CHECK(out_of_time(it.view()).code == code::deadline_exceeded);
  CHECK(contains(out_of_time(it.view()).text, "had passed before it began"));
  it.failed_on(1);
  CHECK(contains(out_of_time(it.view()).text, "No answer from test.Echo within 250 ms (1 attempt)"));
  it.call.failovers = 2;
  CHECK(contains(still_refused(it.view()).text, "nobody else took the call within 250 ms (3 attempts)"));
  CHECK(contains(still_refused(it.view()).text, "It was not executed."));
}

TEST_CASE("whatever is refused here is RESOURCE_EXHAUSTED and says what to do") {
  failure_fixture it;
  it.connected(1);
  for (const error& each : {all_congested(it.view()), throttled(it.view()), too_many_calls(5)}) {
    CHECK(each.code == code::resource_exhausted);
    CHECK_FALSE(each.text.empty());
  }
  CHECK(contains(all_congested(it.view()).text, "1 replica is known, 1 connected."));
  CHECK(contains(too_many_calls(5).text, "5 calls are under way"));
  CHECK(cancelled(it.view()).code == code::cancelled);
}
