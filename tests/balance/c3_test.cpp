// C3's cubic score, worked by hand.
#include <vector>

#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("c3: a queue counts by its cube, so a slower server with a shorter queue wins") {
  bench it(2, policy_kind::c3);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    it.serve(1, 30ms);
  }
  // 8 * 10 ms against 1 * 30 ms: the second call goes to the slower one, the third too (8 * 30 > 27 * 10).
  std::vector<replica_index> order;
  for (int i = 0; i < 5; ++i) order.push_back(it.begin().replica);
  CHECK(order == std::vector<replica_index>{0, 1, 0, 1, 0});
}

TEST_CASE("c3: a new replica that does not answer gets one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::c3) == 1);
}
