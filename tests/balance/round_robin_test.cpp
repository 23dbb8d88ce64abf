// Turns, and who leaves in between.
#include <map>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("round robin takes each in turn, and goes on after one has left") {
  bench it(3, policy_kind::round_robin);
  for (int i = 0; i < 9; ++i) CHECK(it.begin().replica == static_cast<replica_index>(i % 3));
  it.replicas.remove(1);
  std::map<replica_index, int> share = it.picks(10);
  CHECK(share[0] == 5);
  CHECK(share[2] == 5);
}
