// Who sends requests, and what becomes of them when it has gone.
#include <doctest/doctest.h>

#include <troupe/serving/caller.hpp>
#include <troupe/serving/hosted_service.hpp>

#include "serving/request_fixture.hpp"

using namespace troupe;
using namespace troupe::serving;
using troupe::serving::test::arrives;
using troupe::serving::test::failure_of;

TEST_CASE("a caller cancels one attempt of its own, and all of them when its link is gone") {
  const time_point now{1000s};
  const auto one = arrives({.attempt = 1}, now), two = arrives({.attempt = 2}, now);
  caller it;
  for (const auto* each : {&one, &two}) {
    (*each)->notes.from = &it;
    it.under_way.add(**each);
  }
  it.cancel({2});
  it.cancel({7});
  CHECK_FALSE(one->cancelled());
  CHECK(two->cancelled());
  CHECK(two->notes.from == &it);  // it is answered all the same
  it.cut();
  CHECK(one->cancelled());
  CHECK(one->notes.from == nullptr);
  CHECK(two->notes.from == nullptr);
  CHECK(it.under_way.take_one() == nullptr);
}

TEST_CASE("what a caller has in flight is counted service by service") {
  const hosted_service cart({.name = "shop.Cart"}), stock({.name = "shop.Stock"});
  caller it;
  ++it.in_flight_of(&cart);
  ++it.in_flight_of(&stock);
  ++it.in_flight_of(&cart);
  CHECK(it.in_flight_of(&cart) == 2);
  CHECK(it.in_flight_of(&stock) == 1);
}
