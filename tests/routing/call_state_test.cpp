// One call's own record: its attempts, and which of them count.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("an attempt's id is its call's id and the attempt's number") {
  router_fixture it;
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

TEST_CASE("an id tells its call and the attempt's index; a number of 0 is no attempt's") {
  call_state call;
  call.id = {0x5000007};
  CHECK(call_state::call_of(call.attempt(3)) == call.id);
  CHECK(call_state::index_of(call.attempt(3)) == 3);
  CHECK(call_state::index_of({0}) >= call_state::attempts_recorded_max);
}

TEST_CASE("an attempt is under way, and lost as far as anybody knows, until it is closed") {
  call_state call;
  balance::choice picked;
  picked.score = 2.5;
  CHECK(call.open(picked, node_number(1), time_point{3s}) == 0);
  CHECK(call.open(picked, node_number(2), time_point{4s}) == 1);
  CHECK(call.outstanding == 2);
  CHECK(call.states[0].under_way);
  CHECK(call.records[0].fate == retry::fate::lost);
  CHECK(call.records[0].score == 2.5);
  CHECK(call.records[0].ended == call.records[0].started);
  call.close(0, time_point{5s});
  CHECK(call.outstanding == 1);
  CHECK_FALSE(call.states[0].under_way);
  CHECK(call.records[0].ended == time_point{5s});
  CHECK(call.may_have_attempt_on(node_number(1)));
  CHECK(call.may_have_attempt_on(node_number(2)));
}

TEST_CASE("what was never sent, what bounced and what is excused does not count as an attempt") {
  call_state call;
  const auto add = [&](retry::fate fate) {
    const auto index = call.open({}, node_number(1), {});
    call.records[index].fate = fate;
    return index;
  };
  CHECK_FALSE(call.counts(add(retry::fate::never_sent)));
  CHECK_FALSE(call.counts(add(retry::fate::bounced)));
  CHECK(call.counts(add(retry::fate::refused)));
  CHECK(call.counts(add(retry::fate::lost)));
  CHECK(call.counts(add(retry::fate::answered)));
  CHECK(call.reached() == 3);
  call.states[2].excused = true;
  CHECK(call.reached() == 2);
}

TEST_CASE("of seven attempts that do not count the last lends its number to the next") {
  call_state call;
  for (std::size_t i = 0; i < 20; ++i) {
    const auto index = call.open({}, node_number(1), {});
    CHECK(index == std::min<std::size_t>(i, call_state::uncounted_recorded_max - 1));
    call.records[index].fate = retry::fate::never_sent;
    call.close(index, {});
  }
  call.records.back().fate = retry::fate::lost;  // one that counts keeps its number
  CHECK(call.open({}, node_number(1), {}) == call_state::uncounted_recorded_max);
}
