// What the statistics, the throttle and the hedges' gate are told of an attempt.
#include <doctest/doctest.h>

#include <troupe/routing/attempt.hpp>

#include "parts_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

/// A call to test.Echo, which three nodes serve.
struct attempt_fixture : parts_fixture {
  call_state call;

  explicit attempt_fixture(int nodes = 3) {
    connected(nodes);
    renew();
  }
  void renew() {
    call = {};
    call.id = {1 << 24 | 1};
    call.spec = spec();
  }
  auto pick(balance::request::again tried = balance::request::again::no) {
    return pick_replica(call, tried, echo_state(), random, now);
  }
  std::size_t begin() { return begin_attempt(call, *pick(), echo_state(), now); }
  void end(std::size_t attempt, balance::outcome outcome = balance::outcome::success) {
    end_attempt(call, attempt, outcome, nullptr, echo_state(), now);
  }
};

}  // namespace

TEST_CASE("a replica that the call has tried is picked again as a last resort only") {
  attempt_fixture it;
  for (int i = 0; i < 3; ++i) it.begin();
  CHECK(it.call.records[0].node != it.call.records[1].node);
  CHECK(it.call.records[0].node != it.call.records[2].node);
  CHECK(it.call.records[1].node != it.call.records[2].node);
  CHECK_FALSE(it.pick());
  CHECK(it.pick(balance::request::again::last_resort));
}

TEST_CASE("where the call bounced, nothing was tried; nor where the replica is another one by now") {
  attempt_fixture it(1);
  const auto attempt = it.begin();
  CHECK_FALSE(it.pick());
  SUBCASE("bounced") {
    it.end(attempt, balance::outcome::bounced);
    it.call.records[attempt].fate = retry::fate::bounced;
    CHECK(it.pick());
  }
  SUBCASE("another life") {
    node_view newer = view_of(1);
    newer.self.epoch = {2};
    it.links.node_changed(newer, it.now, it.out);
    CHECK_FALSE(is_replica_there(it.call.states[attempt], it.echo_state()));
    CHECK(it.pick());
    it.end(attempt);  // is nobody's business any more
    CHECK(it.echo_state().replicas.own_in_flight(it.call.states[attempt].picked.replica) == 0);
  }
}

TEST_CASE("an attempt is in flight at its replica until it ends") {
  attempt_fixture it;
  const auto attempt = it.begin();
  const auto replica = it.call.states[attempt].picked.replica;
  CHECK(it.call.records[attempt].node == it.echo_state().replicas.node_of(replica));
  CHECK(it.echo_state().replicas.own_in_flight(replica) == 1);
  it.now += 5ms;
  it.end(attempt);
  CHECK(it.echo_state().replicas.own_in_flight(replica) == 0);
  CHECK(it.call.records[attempt].ended == it.now);
}

TEST_CASE("refusals for overload are held against the service, but not those of calls for one node") {
  for (const bool pinned : {false, true}) {
    attempt_fixture it;
    for (int i = 0; i < 50; ++i) {
      it.renew();
      if (pinned) it.call.spec.only = node_number(1);
      const auto attempt = it.begin();
      const answer said{retry::fate::refused, code::resource_exhausted, "overloaded", nullptr};
      note_overload(it.call, attempt, said, it.echo_state(), it.now);
      it.end(attempt, outcome_of(said));
    }
    CHECK((it.echo_state().throttle.probability(rpc::criticality::normal, it.now) > .5) == !pinned);
  }
}

TEST_CASE("replicas that refuse for overload, or say that requests wait, are hot for the hedges") {
  attempt_fixture it;
  const auto note = [&](const answer& said) {
    it.renew();
    const auto attempt = it.begin();
    note_overload(it.call, attempt, said, it.echo_state(), it.now);
    it.end(attempt);
  };
  CHECK(it.echo_state().hedges.is_open(3, it.now));
  note({retry::fate::refused, code::unavailable, "restarting", nullptr});
  CHECK(it.echo_state().hedges.is_open(3, it.now));
  SUBCASE("refused") { note({retry::fate::refused, code::resource_exhausted, "overloaded", nullptr}); }
  SUBCASE("waiting") {
    const rpc::load_report load{.queue_delay = 30ms, .service_time = 10ms};
    note({retry::fate::answered, code::ok, {}, &load});
  }
  CHECK_FALSE(it.echo_state().hedges.is_open(3, it.now));
}

TEST_CASE("an answer reflects on its replica as far as that is to blame") {
  using balance::outcome;
  const auto how = [](retry::fate fate, code said) { return outcome_of({fate, said, {}, nullptr}); };
  CHECK(how(retry::fate::bounced, code::unavailable) == outcome::bounced);
  CHECK(how(retry::fate::answered, code::ok) == outcome::success);
  CHECK(how(retry::fate::answered, code::not_found) == outcome::error);
  CHECK(how(retry::fate::answered, code::resource_exhausted) == outcome::error);
  CHECK(how(retry::fate::answered, code::internal) == outcome::failure);
  CHECK(how(retry::fate::answered, code::unavailable) == outcome::failure);
  CHECK(how(retry::fate::refused, code::resource_exhausted) == outcome::overloaded);
  CHECK(how(retry::fate::refused, code::deadline_exceeded) == outcome::overloaded);
  CHECK(how(retry::fate::refused, code::unavailable) == outcome::failure);
  CHECK(how(retry::fate::refused, code::not_found) == outcome::failure);
  CHECK(how(retry::fate::refused, code::unimplemented) == outcome::failure);
}

TEST_CASE("a replica will be back that refuses as UNAVAILABLE") {
  attempt_record record;
  record.fate = retry::fate::refused;
  record.code = code::unavailable;
  CHECK(will_be_back(record));
  record.code = code::resource_exhausted;
  CHECK_FALSE(will_be_back(record));
  record.code = code::unavailable;
  record.fate = retry::fate::answered;
  CHECK_FALSE(will_be_back(record));
}
