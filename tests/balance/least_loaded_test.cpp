// Two choices by load.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("least loaded keeps in-flights even") {
  bench least(4, policy_kind::least_loaded);
  for (int i = 0; i < 400; ++i) least.begin();
  for (replica_index who = 0; who < 4; ++who) {
    CHECK(least.explained(who).in_flight >= 95);
    CHECK(least.explained(who).in_flight <= 105);
  }
}

TEST_CASE("least loaded gives a new replica that does not answer one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::least_loaded) == 1);
}
