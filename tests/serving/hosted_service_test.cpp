// The server's record of a service, and what the outside sees of it.
#include <doctest/doctest.h>

#include <troupe/serving/hosted_service.hpp>

using namespace troupe;
using namespace troupe::serving;

TEST_CASE("a service lets in what its hosting says, and its thread knows of it from the start") {
  const hosted_service fixed(
      {.name = "shop.Cart", .how = {.in_flight_max = 20, .concurrency = concurrency::fixed}});
  CHECK(fixed.core.limit() == 20);
  CHECK(fixed.gauges.fullness.limit == 20);
  hosted_service adaptive({.name = "shop.Cart", .how = {.in_flight_max = 200}});
  time_point now{1000s};
  for (int i = 0; i < 1000; ++i) adaptive.core.executed(500ms, 1ms, now += 1ms);
  CHECK(adaptive.core.limit() < 200);
}

TEST_CASE("a report has the service's counters, its times and its restarts") {
  hosted_service it({.name = "shop.Cart", .interface_id = 7, .how = {.runs_on = placement::thread}});
  time_point now{1000s};
  it.core.life().launched(now);
  it.core.life().began();
  (void)it.core.life().died(now);
  for (int i = 0; i < 3; ++i) it.core.enter();
  it.core.leave(admission::ending::failed);
  (void)it.core.refuse(admission::refusal::overloaded);
  for (int i = 0; i < 200; ++i) {
    it.gauges.times.began(2ms, now);
    it.gauges.times.ended(30ms, now += 30ms);
  }
  const auto told = report_of(it, now);
  CHECK(told.name == "shop.Cart");
  CHECK(told.interface_id == 7);
  CHECK(told.runs_on == placement::thread);
  CHECK(told.in_flight == 2);
  CHECK(told.limit == 1024);
  CHECK(told.counted.requests == 3);
  CHECK(told.counted.failed == 1);
  CHECK(told.counted.refused == 1);
  CHECK(told.restarts == 1);
  CHECK(to_millis(told.queue_delay) == doctest::Approx(2).epsilon(.01));
  CHECK(to_millis(told.service_time) == doctest::Approx(30).epsilon(.01));
}

TEST_CASE("a service is found by its name") {
  service_table table;
  table.emplace("shop.Cart", std::make_unique<hosted_service>(service_spec{.name = "shop.Cart"}));
  CHECK(find_service(table, "shop.Cart") == table.begin()->second.get());
  CHECK(find_service(table, "shop.Car") == nullptr);
}
