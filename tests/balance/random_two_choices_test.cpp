// Two choices by what this node has under way.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("random two choices keeps its own calls even, whatever the replicas say of theirs") {
  bench own(4, policy_kind::random_two_choices);
  for (int i = 0; i < 400; ++i) own.begin();
  for (replica_index who = 0; who < 4; ++who) {
    CHECK(own.explained(who).in_flight >= 95);
    CHECK(own.explained(who).in_flight <= 105);
  }
}

TEST_CASE("random two choices gives a new replica that does not answer one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::random_two_choices) == 1);
}
