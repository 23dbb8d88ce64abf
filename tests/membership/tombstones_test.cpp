// What is remembered of the forgotten.
#include <doctest/doctest.h>

#include <troupe/membership/tombstones.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

claim claimed(std::uint64_t life, std::uint64_t incarnation, state value) {
  return {epoch{life}, incarnation, value};
}

}  // namespace

TEST_CASE("a tombstone refuses what is not newer, and the oldest goes first") {
  tombstones stones(2);
  stones.bury({1}, claimed(5, 3, state::dead));
  CHECK(stones.refuses({1}, claimed(5, 3, state::alive)));
  CHECK(stones.refuses({1}, claimed(4, 9, state::alive)));
  CHECK_FALSE(stones.refuses({1}, claimed(5, 4, state::alive)));
  CHECK_FALSE(stones.refuses({1}, claimed(6, 0, state::alive)));
  CHECK_FALSE(stones.refuses({2}, claimed(1, 0, state::alive)));
  stones.bury({1}, claimed(5, 2, state::dead));  // older than what is known
  CHECK(stones.refuses({1}, claimed(5, 3, state::alive)));
  stones.bury({2}, claimed(1, 0, state::left));
  stones.bury({3}, claimed(1, 0, state::left));
  CHECK(stones.size() == 2);
  CHECK_FALSE(stones.refuses({1}, claimed(1, 0, state::alive)));
  CHECK(stones.refuses({3}, claimed(1, 7, state::alive)));
}
