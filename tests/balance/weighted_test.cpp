// Turns by static weights.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("weighted follows the weights exactly and without bursts") {
  bench it(0, policy_kind::weighted);
  it.add(500);
  it.add(100);
  it.add(100);
  std::vector<replica_index> order;
  for (int i = 0; i < 70; ++i) order.push_back(it.pick().replica);
  CHECK(std::count(order.begin(), order.end(), 0u) == 50);
  CHECK(std::count(order.begin(), order.end(), 1u) == 10);
  int run = 0;
  int longest = 0;
  for (replica_index who : order) longest = std::max(longest, run = who == 0 ? run + 1 : 0);
  CHECK(longest <= 4);
}
