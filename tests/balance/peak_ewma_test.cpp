// Two choices by expected latency.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("two choices: the worst of all is never taken, each other one in proportion to its rank") {
  bench it(3, policy_kind::peak_ewma);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    it.serve(1, 30ms);
    it.serve(2, 90ms);
  }
  auto share = it.picks(3000);
  CHECK(share[0] > 1900);
  CHECK(share[0] < 2100);
  CHECK(share[2] == 0);
}

TEST_CASE("two choices: a new replica that does not answer gets one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::peak_ewma) == 1);
}
