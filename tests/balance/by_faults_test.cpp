// Failures decide, then load.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("by faults: the fewest failures, then the least load") {
  bench it(3, policy_kind::by_faults);
  it.warm();
  it.serve(0, 1ms, outcome::failure);
  CHECK(it.picks(50)[0] == 0);
  for (int i = 0; i < 6; ++i) it.begin();
  CHECK(it.replicas.own_in_flight(0) == 0);
  CHECK(it.replicas.own_in_flight(1) == 3);
  CHECK(it.replicas.own_in_flight(2) == 3);
}

TEST_CASE("by faults: a new replica that does not answer gets one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::by_faults) == 1);
}
