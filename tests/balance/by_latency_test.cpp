// The expected latency alone decides.
#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("by latency: the least expected time, with its queue, however busy") {
  bench it(2, policy_kind::by_latency);
  const rpc::load_report fast = report(3, 1, 10ms);  // two others' before ours: 30 ms
  const rpc::load_report slow = report(1, 1, 100ms);
  for (int i = 0; i < 10; ++i) {
    it.serve(0, 30ms, outcome::success, &fast);
    it.serve(1, 100ms, outcome::success, &slow);
  }
  CHECK(it.picks(50)[0] == 50);
  CHECK(it.seen().load(0) > it.seen().load(1));
}

TEST_CASE("by latency: a new replica that does not answer gets one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::by_latency) == 1);
}
