// How long a service takes for a request, as its load report tells it.
#include <doctest/doctest.h>

#include <troupe/admission/service_meter.hpp>

using namespace troupe;
using namespace troupe::admission;

TEST_CASE("the meter tells the wait, the service time, and how old that is") {
  service_meter it;
  time_point now{1000s};
  for (int i = 0; i < 200; ++i) {
    it.began(2ms, now);
    it.ended(30ms, now += 30ms);
  }
  auto told = it.read(now);
  CHECK(to_millis(told.queue_delay) == doctest::Approx(2).epsilon(.01));
  CHECK(to_millis(told.service_time) == doctest::Approx(30).epsilon(.01));
  CHECK(told.service_age == 0s);
  told = it.read(now += 3s);
  CHECK(told.service_age == 3s);
}

TEST_CASE("the service time is worker time, of requests under way, too") {
  service_meter it;
  time_point now{1000s};
  const auto serve = [&](duration time) {
    it.began(0ms, now);
    it.ended(time, now += time);
  };
  for (int i = 0; i < 100; ++i) serve(10ms);
  SUBCASE("one that hangs is told before it is done, and forgotten when it has been given up") {
    it.began(0ms, now);
    now += 2s;
    CHECK(it.service_time(now) > 100ms);
    it.abandoned(now);
    CHECK(it.serving() == 0);
    for (int i = 0; i < 100; ++i) serve(10ms);
    CHECK(to_seconds(it.service_time(now)) == doctest::Approx(.01).epsilon(.1));
  }
  SUBCASE("ten that take turns for 100 ms need 10 ms each") {
    for (int i = 0; i < 10; ++i) it.began(0ms, now += 10ms);
    CHECK(it.serving() == 10);
    for (int i = 0; i < 200; ++i) {
      it.ended(100ms, now += 10ms);
      it.began(0ms, now);
    }
    CHECK(to_seconds(it.service_time(now)) == doctest::Approx(.01).epsilon(.1));
  }
  SUBCASE("with ten workers, those ten do not share") {
    service_meter wide(10);
    for (int i = 0; i < 10; ++i) wide.began(0ms, now);
    now += 100ms;
    for (int i = 0; i < 10; ++i) wide.ended(100ms, now);
    CHECK(to_seconds(wide.service_time(now)) == doctest::Approx(.1).epsilon(.01));
  }
}
