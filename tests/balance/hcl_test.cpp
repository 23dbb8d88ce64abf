// Prequal's rule in small: who is hot, and who is the fastest of the cold.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("hot-cold lexicographic: the fastest of those that are not among the fullest") {
  bench it(5, policy_kind::hcl);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    for (const replica_index slower : {1u, 2u, 3u}) it.serve(slower, 30ms);
    it.serve(4, 60ms);
  }
  CHECK(it.picks(50)[0] == 50);
  it.begin_at(0);  // the only one with a call in flight: hot, though it would still be faster than 4
  const auto share = it.picks(90);
  CHECK(share.count(0) == 0);
  CHECK(share.count(4) == 0);
  CHECK(share.size() == 3);
}

TEST_CASE("hot-cold lexicographic: a new replica that does not answer gets one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::hcl) == 1);
}
