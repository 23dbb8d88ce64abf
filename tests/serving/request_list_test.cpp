// A caller's requests that are under way.
#include <doctest/doctest.h>

#include <troupe/serving/request_list.hpp>

#include "serving/request_fixture.hpp"

using namespace troupe;
using namespace troupe::serving;
using troupe::serving::test::arrives;
using troupe::serving::test::failure_of;

TEST_CASE("requests are found while they are in the list, wherever in it they are") {
  const time_point now{1000s};
  const auto one = arrives({.attempt = 1}, now), two = arrives({.attempt = 2}, now),
             three = arrives({.attempt = 3}, now);
  request_list it;
  CHECK(it.find({1}) == nullptr);
  CHECK(it.take_one() == nullptr);
  for (const auto* each : {&one, &two, &three}) it.add(**each);
  CHECK(it.find({1}) == one.get());
  CHECK(it.find({2}) == two.get());
  CHECK(it.find({3}) == three.get());
  CHECK(it.find({4}) == nullptr);
  it.remove(*two);  // in the middle
  CHECK(it.find({2}) == nullptr);
  CHECK(it.find({1}) == one.get());
  it.remove(*one);  // at the end
  it.add(*two);     // again
  CHECK(it.take_one() == two.get());
  it.remove(*three);  // the only one
  CHECK(it.take_one() == nullptr);
}
