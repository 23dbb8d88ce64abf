// Sums that tell whether two views are the same.
#include <doctest/doctest.h>

#include <troupe/membership/settled_sums.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

sync_digest digest(std::uint64_t node, std::uint64_t incarnation = 0, state value = state::alive,
                   std::uint64_t version = 0) {
  return {{{node}, {10}}, incarnation, version, value};
}

}  // namespace

TEST_CASE("sums are the same in whatever order, and differ by whatever is settled") {
  settled_sums one, other;
  for (std::uint64_t node = 1; node <= 50; ++node) one.add(digest(node));
  for (std::uint64_t node = 50; node >= 1; --node) other.add(digest(node));
  CHECK(one.total() == other.total());
  for (const auto& changed : {digest(7, 1), digest(7, 0, state::dead), digest(7, 0, state::alive, 3)}) {
    settled_sums third = one;
    third.remove(digest(7));
    third.add(changed);
    CHECK(third.total() != one.total());
  }
  one.remove(digest(7));
  one.add(digest(7, 0, state::suspect));  // is not settled
  one.add(digest(77, 0, state::left));    // forgotten by each at a time of its own
  CHECK(one.total() == other.total());
}

TEST_CASE("the sums of ranges are those of their members, at every level") {
  settled_sums sums;
  for (std::uint64_t node = 1; node <= 500; ++node) sums.add(digest(node));
  for (const int bits : {0, 4, settled_sums::bits_max}) {
    std::uint64_t total = 0;
    for (std::size_t range = 0; range < std::size_t{1} << bits; ++range) {
      std::uint64_t expected = 0;
      for (std::uint64_t node = 1; node <= 500; ++node)
        if (settled_sums::range_of({node}, bits) == range) expected += settled_hash(digest(node));
      CHECK(sums.at(bits, range) == expected);
      total += expected;
    }
    CHECK(total == sums.total());
  }
}

TEST_CASE("there are about sixteen members a bucket, within bounds") {
  CHECK(settled_sums::bits_for(1) == settled_sums::bits_min);
  CHECK(settled_sums::bits_for(256) == settled_sums::bits_min);
  CHECK(settled_sums::bits_for(257) == settled_sums::bits_min + 1);
  CHECK(settled_sums::bits_for(100'000) == settled_sums::bits_max);
}
