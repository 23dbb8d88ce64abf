// One service at its server: whom it has room for, and what it says of itself.
#include <doctest/doctest.h>

#include <troupe/admission/service.hpp>

namespace {

using namespace troupe;
using namespace troupe::admission;
using rpc::attempt_kind;
using rpc::criticality;
using rpc::load_flag;

struct record {
  explicit record(options how) : it(how) {}

  bool enters(criticality what = criticality::normal, attempt_kind which = attempt_kind::first) {
    const bool has = it.ask(what, which) == service::room::yes;
    if (has) it.enter();
    return has;
  }
  rpc::load_report report(std::uint32_t yours = 0) const {
    return it.report({}, yours, service::refusing::no);
  }

  service it;
};

}  // namespace

TEST_CASE("the load report says what the service is doing") {
  record it({});
  for (int i = 0; i < 3; ++i) CHECK(it.enters());
  const auto load = it.it.report({2ms, 30ms, 3s}, 2, service::refusing::no);
  CHECK(load.in_flight == 3);
  CHECK(load.yours == 2);
  CHECK(load.limit == 1024);
  CHECK(load.workers == 1);
  CHECK(load.queue_delay == 2ms);
  CHECK(load.service_time == 30ms);
  CHECK(load.service_age == 3s);
  CHECK(load.flags == load_flag::none);
  CHECK(it.it.report({}, 2, service::refusing::yes).flags == load_flag::overloaded);
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
  CHECK(it.report().has(load_flag::overloaded));
  while (it.enters(criticality::critical)) ++entered;
  CHECK(entered == 100);
  CHECK(it.report(7).in_flight == 100);
  CHECK(it.report(7).yours == 7);
  CHECK_FALSE(it.it.may_stay(criticality::normal, attempt_kind::first));
  CHECK(it.it.may_stay(criticality::critical, attempt_kind::first));
  while (it.it.in_flight() > 80) it.it.leave(ending::succeeded);
  CHECK_FALSE(it.report().has(load_flag::overloaded));
  CHECK(it.it.may_stay(criticality::normal, attempt_kind::first));
}

TEST_CASE("a refusal advises against retrying once a fifth of what comes has been elsewhere before") {
  record it({.in_flight_max = 1});
  CHECK(it.enters());
  CHECK(it.it.retry_advice() == rpc::advice::may_retry);
  for (int i = 0; i < 1000; ++i)
    (void)it.enters(criticality::normal, i % 3 == 0 ? attempt_kind::further : attempt_kind::first);
  CHECK(it.it.retry_advice() == rpc::advice::do_not_retry);
}

TEST_CASE("an adaptive service limits itself when requests wait, a fixed one never does") {
  const auto limit_after_queueing = [](concurrency by) {
    record it({.in_flight_max = 1024, .concurrency = by});
    time_point now{1000s};
    for (int i = 0; i < 1000; ++i) it.it.executed(500ms, 1ms, now += 1ms);
    CHECK(it.report().limit == it.it.limit());
    return it.it.limit();
  };
  CHECK(limit_after_queueing(concurrency::fixed) == 1024);
  CHECK(limit_after_queueing(concurrency::adaptive) < 200);
}

TEST_CASE("the wait that a fault adds on purpose is not the service's queue") {
  record it({});
  it.it.set_fault({.delay = 500ms});
  time_point now{1000s};
  for (int i = 0; i < 1000; ++i) it.it.executed(500ms, 1ms, now += 1ms);
  CHECK(it.it.limit() == 1024);
}

TEST_CASE("every request is counted where it ends") {
  record it({});
  for (int i = 0; i < 5; ++i) CHECK(it.enters());
  it.it.leave(ending::succeeded);
  it.it.leave(ending::failed);
  it.it.leave(ending::expired);
  it.it.leave(ending::gave_way);
  (void)it.it.refuse(refusal::restarting);
  (void)it.it.bounce();
  const auto& counted = it.it.counted();
  CHECK(it.it.in_flight() == 1);
  CHECK(counted.requests == 5);
  CHECK(counted.failed == 1);
  CHECK(counted.expired == 1);
  CHECK(counted.refused == 2);
  CHECK(counted.bounced == 1);
}
