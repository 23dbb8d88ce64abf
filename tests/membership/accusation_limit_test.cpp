// How many suspicions one accuser may raise.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/accusation_limit.hpp>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("each accuser has a number of its own, anew in each window") {
  accusation_limit limit(2, 1s);
  const time_point start{};
  CHECK(limit.admit({1}, start));
  CHECK(limit.admit({1}, start));
  CHECK_FALSE(limit.admit({1}, start + 999ms));
  CHECK(limit.admit({2}, start));
  CHECK(limit.admit({1}, start + 1s));
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("one accuser raises only so many suspicions in a period") {
  core_fixture s;
  s.meet(30);
  std::vector<update> all;
  for (std::uint64_t peer = 5; peer <= 24; ++peer) all.push_back(accused(peer, state::suspect, 3));
  s.gossip(3, all);
  CHECK(s.node.counted().limited_accusations == 12);
  CHECK(s.seen(12) == state::suspect);
  CHECK(s.seen(13) == state::alive);
  s.gossip(4, {accused(13, state::suspect, 4)});
  CHECK(s.seen(13) == state::suspect);
  s.run(1100ms);
  s.gossip(3, {accused(14, state::suspect, 3)});
  CHECK(s.seen(14) == state::suspect);
  accusation_limit none(0, 1s);
  for (int i = 0; i < 1000; ++i) CHECK(none.admit({1}, time_point{}));
}
