// How full a service is, as its own thread sees it.
#include <doctest/doctest.h>

#include <troupe/serving/occupancy.hpp>

using namespace troupe;
using namespace troupe::serving;
using rpc::attempt_kind;
using rpc::criticality;

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

TEST_CASE("the service's thread sees how many are in flight, and a limit that has adapted") {
  admission::service service({});
  occupancy it;
  service.enter();
  it.show(service);
  CHECK(it.in_flight == 1);
  CHECK(it.limit == 1024);
  time_point now{1000s};
  for (int i = 0; i < 1000; ++i) service.executed(500ms, 1ms, now += 1ms);
  it.show(service);
  CHECK(it.limit == service.limit());
  CHECK(it.limit < 200);
}
