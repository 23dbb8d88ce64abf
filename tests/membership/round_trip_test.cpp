// How long an answer may take.
#include <doctest/doctest.h>

#include <troupe/membership/round_trip.hpp>

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("a probe's timeout follows the round trip between its floor and its ceiling") {
  round_trip timing;
  CHECK(timing.timeout(50ms, 500ms) == 500ms);
  timing.observe(40ms);
  CHECK(timing.smoothed() == 40ms);
  CHECK(timing.timeout(50ms, 500ms) == 120ms);
  for (int i = 0; i < 100; ++i) timing.observe(1ms);
  CHECK(timing.timeout(50ms, 500ms) == 50ms);
  for (int i = 0; i < 100; ++i) timing.observe(2s);
  CHECK(timing.timeout(50ms, 500ms) == 500ms);
}
