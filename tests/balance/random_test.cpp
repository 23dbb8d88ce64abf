// Chance alone decides.
#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("random is uniform") {
  bench any(4, policy_kind::random);
  for (const auto& [who, count] : any.picks(4000)) {
    CHECK(count > 900);
    CHECK(count < 1100);
  }
}
