// The load term alone decides.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("by load: the least load per worker, whoever is fast or fails") {
  bench it(3, policy_kind::by_load);
  const rpc::load_report full = report(6, 4, 1ms);    // 1.5 each
  const rpc::load_report empty = report(2, 1, 20ms);  // a second one would wait
  const rpc::load_report wide = report(6, 8, 50ms);
  for (int i = 0; i < 10; ++i) {
    it.serve(0, 1ms, outcome::success, &full);
    it.serve(1, 20ms, outcome::success, &empty);
    it.serve(2, 50ms, outcome::success, &wide);
  }
  for (const replica_index i : {0u, 1u, 2u})
    it.serve(i, 0s, outcome::withdrawn, i == 0 ? &full : i == 1 ? &empty : &wide);
  CHECK(it.picks(50)[2] == 50);
}

TEST_CASE("by load: a new replica that does not answer gets one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::by_load) == 1);
}
