// The table alone: even shares, and few keys that move.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/maglev_table.hpp>
#include <troupe/base/hash.hpp>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

namespace {

std::vector<maglev_table::member> members_of(std::uint32_t count) {
  std::vector<maglev_table::member> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({mix(i + 1), i});
  return all;
}

}  // namespace

TEST_CASE("the Maglev table gives everyone as many slots to within one, in any order of members") {
  for (const std::uint32_t count : {1u, 2u, 3u, 10u, 97u, 1000u}) {
    CAPTURE(count);
    auto forth = members_of(count);
    auto back = forth;
    std::reverse(back.begin(), back.end());
    maglev_table one;
    maglev_table other;
    one.build(forth);
    other.build(back);
    std::vector<std::uint32_t> share(count);
    for (std::uint64_t key = 0; key < 100'000; ++key) {
      const std::uint32_t owner = one.owner(key);
      REQUIRE(owner < count);
      REQUIRE(owner == other.owner(key));
      ++share[owner];
    }
    // The slots are even to within one; keys fall on them at random, 5 sigmas at most.
    const double mean = 100'000. / count;
    for (const auto each : share) CHECK(std::abs(each - mean) < 5 * std::sqrt(mean) + mean / 50);
  }
}

TEST_CASE("the Maglev table moves less than 2/n of the keys when one of n leaves") {
  for (const std::uint32_t count : {3u, 10u, 30u, 100u}) {
    CAPTURE(count);
    auto all = members_of(count);
    auto fewer = all;
    const std::uint32_t leaver = count / 2;
    fewer.erase(fewer.begin() + leaver);
    maglev_table before;
    maglev_table after;
    before.build(all);
    after.build(fewer);
    int moved = 0;
    for (std::uint64_t key = 0; key < 100'000; ++key) {
      REQUIRE(after.owner(key) != leaver);
      moved += before.owner(key) != after.owner(key);
    }
    MESSAGE(count << " replicas, one leaves: " << moved / 1000. << "% of the keys move");
    CHECK(moved < 2 * 100'000 / static_cast<int>(count));
    CHECK(moved >= 90'000 / static_cast<int>(count));
  }
}

TEST_CASE("an empty Maglev table says so, and one can be built again") {
  maglev_table it;
  CHECK(it.empty());
  auto all = members_of(2);
  it.build(all);
  CHECK_FALSE(it.empty());
  it.build({});
  CHECK(it.empty());
}
