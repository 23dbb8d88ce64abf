// How far workers lag, as a level.
#include <doctest/doctest.h>

#include <troupe/membership/worker_lag.hpp>

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("the level of lag rises with the wait at once, and falls when waits have been short for a while") {
  worker_lag lag;
  auto at = time_point(1000s);
  CHECK(lag.note(200ms, at) == 0);
  CHECK(lag.note(300ms, at += 500ms) == 1);
  CHECK(lag.note(6s, at += 500ms) == 3);
  CHECK(lag.now() == 3);
  SUBCASE("near the threshold it stays") {
    for (int i = 0; i < 100; ++i) CHECK(lag.note(i % 5 == 0 ? 3s : 0s, at += 500ms) == 3);
  }
  SUBCASE("it falls as far as it deserves") {
    for (int i = 0; i < 6; ++i) CHECK(lag.note(1200ms, at += 499ms) == 3);
    CHECK(lag.note(1200ms, at += 499ms) == 2);
    for (int i = 0; i < 6; ++i) CHECK(lag.note(0s, at += 499ms) == 2);
    CHECK(lag.note(0s, at += 499ms) == 0);
  }
}
