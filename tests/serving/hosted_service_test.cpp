// The server's record of a service: whom it admits, and what it says of itself.
#include <capnp/message.h>
#include <doctest/doctest.h>

#include <troupe/serving/hosted_service.hpp>
#include <troupe/serving/incoming_request.hpp>

namespace {

using namespace troupe;
using namespace troupe::serving;
using rpc::attempt_kind;
using rpc::criticality;
using room = hosted_service::room;

struct record {
  explicit record(hosting how) : it({"test.Echo", 1, how, nullptr}) {}

  bool enters(criticality what = criticality::normal, attempt_kind which = attempt_kind::first) {
    const bool has = it.ask(what, which) == room::yes;
    if (has) it.enter();
    return has;
  }
  wire::idl::Load::Reader report(std::uint32_t yours = 0) {
    it.write_load(message.initRoot<wire::idl::Load>(), yours, hosted_service::refusing::no, false, now);
    return message.getRoot<wire::idl::Load>().asReader();
  }

  hosted_service it;
  capnp::MallocMessageBuilder message;
  time_point now{1000s};
};

}  // namespace

TEST_CASE("the load report says what the service is doing") {
  record it({});
  for (int i = 0; i < 3; ++i) CHECK(it.enters());
  for (int i = 0; i < 200; ++i) {
    it.it.times.began(2ms, it.now);
    it.it.times.ended(30ms, it.now += 30ms);
  }
  const auto load = it.report(2);
  CHECK(load.getInFlight() == 3);
  CHECK(load.getYours() == 2);
  CHECK(load.getLimit() == 1024);
  CHECK(load.getWorkers() == 1);
  CHECK(load.getQueueMicros() == doctest::Approx(2000).epsilon(.01));
  CHECK(load.getServiceMicros() == doctest::Approx(30'000).epsilon(.01));
  CHECK(load.getServiceAgeMicros() == 0);
  it.now += 3s;
  CHECK(it.report().getServiceAgeMicros() == 3'000'000);
}

TEST_CASE("the service time that is reported is worker time, of requests under way, too") {
  record it({});
  const auto reported = [&] { return std::chrono::microseconds(it.report().getServiceMicros()); };
  const auto serve = [&](duration time) {
    it.it.times.began(0ms, it.now);
    it.it.times.ended(time, it.now += time);
  };
  for (int i = 0; i < 100; ++i) serve(10ms);
  SUBCASE("one that hangs is told before it is done, and forgotten when it has been given up") {
    it.it.times.began(0ms, it.now);
    it.now += 2s;
    CHECK(reported() > 100ms);
    it.it.times.abandoned(it.now);
    for (int i = 0; i < 100; ++i) serve(10ms);
    CHECK(to_seconds(reported()) == doctest::Approx(.01).epsilon(.1));
  }
  SUBCASE("ten that take turn_queue for 100 ms need 10 ms each") {
    for (int i = 0; i < 10; ++i) it.it.times.began(0ms, it.now += 10ms);
    for (int i = 0; i < 200; ++i) {
      it.it.times.ended(100ms, it.now += 10ms);
      it.it.times.began(0ms, it.now);
    }
    CHECK(to_seconds(reported()) == doctest::Approx(.01).epsilon(.1));
  }
}

TEST_CASE("room is kept for the more critical, and for first attempts") {
  record it({.in_flight_max = 100});
  int entered = 0;
  while (it.enters(criticality::sheddable, attempt_kind::further)) ++entered;
  CHECK(entered == 65);
  while (it.enters(criticality::sheddable)) ++entered;
  CHECK(entered == 70);
  while (it.enters(criticality::normal, attempt_kind::further)) ++entered;
  CHECK(entered == 85);
  while (it.enters()) ++entered;
  CHECK(entered == 90);
  CHECK(it.report().getOverloaded());
  while (it.enters(criticality::critical)) ++entered;
  CHECK(entered == 100);
  CHECK(it.report(7).getInFlight() == 100);
  CHECK(it.report(7).getYours() == 7);
  while (it.it.in_flight > 80) it.it.leave();
  CHECK_FALSE(it.report().getOverloaded());
}

TEST_CASE("a refusal advises against retrying once a fifth of what comes has been elsewhere before") {
  record it({.in_flight_max = 1});
  CHECK(it.enters());
  SUBCASE("not while first attempts are nearly all of it") {
    for (int i = 0; i < 1000; ++i)
      (void)it.enters(criticality::normal, i % 8 == 0 ? attempt_kind::further : attempt_kind::first);
    CHECK(it.it.retry_advice() == rpc::advice::may_retry);
  }
  SUBCASE("not on a few requests' evidence") {
    for (int i = 0; i < 50; ++i) (void)it.enters(criticality::normal, attempt_kind::further);
    CHECK(it.it.retry_advice() == rpc::advice::may_retry);
  }
  SUBCASE("when a third of it are repeats") {
    for (int i = 0; i < 1000; ++i)
      (void)it.enters(criticality::normal, i % 3 == 0 ? attempt_kind::further : attempt_kind::first);
    CHECK(it.it.retry_advice() == rpc::advice::do_not_retry);
    for (int i = 0; i < 300; ++i) (void)it.enters();
    CHECK(it.it.retry_advice() == rpc::advice::may_retry);
  }
}

TEST_CASE("an adaptive service limits itself when requests wait, a fixed one never does") {
  const auto limit_after_queueing = [](concurrency by) {
    record it({.in_flight_max = 1024, .concurrency = by});
    time_point now{1000s};
    for (int i = 0; i < 1000; ++i) it.it.note_times(500ms, 1ms, now += 1ms);
    CHECK(it.report().getLimit() == it.it.limit());
    CHECK(it.it.others.limit == it.it.limit());
    return it.it.limit();
  };
  CHECK(limit_after_queueing(concurrency::fixed) == 1024);
  CHECK(limit_after_queueing(concurrency::adaptive) < 200);
}

TEST_CASE("what gives way at its turn counts as gone at once") {
  occupancy it;
  it.in_flight = 10;
  it.limit = 10;
  CHECK(it.may_stay(criticality::critical, attempt_kind::first));
  CHECK_FALSE(it.may_stay(criticality::normal, attempt_kind::first));  // 9 left
  CHECK(it.may_stay(criticality::normal, attempt_kind::first));
  CHECK_FALSE(it.may_stay(criticality::sheddable, attempt_kind::first));  // 8
  CHECK_FALSE(it.may_stay(criticality::sheddable, attempt_kind::first));  // 7
  CHECK(it.may_stay(criticality::sheddable, attempt_kind::first));
  CHECK(it.leaving == 3);
}
