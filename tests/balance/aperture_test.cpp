// Who uses whom, among many routers and many replicas.
#include <algorithm>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/aperture.hpp>
#include <troupe/base/random.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

struct landscape {
  std::uint32_t replicas, routers, wanted;
};

/// Small and large, round and odd, few and many of each.
std::vector<landscape> landscapes() {
  std::vector<landscape> all = {{1, 1, 256},   {300, 1, 256},   {300, 3, 256},   {1000, 1000, 20},
                                {1000, 7, 64}, {10, 1000, 256}, {997, 101, 251}, {10'000, 400, 256}};
  random_source random(1);
  for (int i = 0; i < 60; ++i)
    all.push_back({1 + random.below(700), 1 + random.below(300), 1 + random.below(300)});
  return all;
}

std::vector<std::uint32_t> windows_by_replica(const landscape& all) {
  std::vector<std::uint32_t> covered(all.replicas);
  for (std::uint32_t rank = 0; rank < all.routers; ++rank) {
    const aperture mine(all.replicas, {rank, all.routers}, all.wanted);
    for (std::uint32_t n = 0; n < mine.size(); ++n) ++covered[mine.at(n)];
  }
  return covered;
}

/// The window's replicas, by names that outlive a change of positions: `without` is left out of 0, 1, 2, ...
std::set<std::uint32_t> names_in(const aperture& mine, std::uint32_t without) {
  std::set<std::uint32_t> names;
  for (std::uint32_t n = 0; n < mine.size(); ++n) names.insert(mine.at(n) + (mine.at(n) >= without ? 1 : 0));
  return names;
}

}  // namespace

TEST_CASE("windows have the size that was asked for, no replica twice, and know what they include") {
  for (const auto& all : landscapes()) {
    CAPTURE(all.replicas);
    CAPTURE(all.routers);
    CAPTURE(all.wanted);
    for (const std::uint32_t rank : {0u, all.routers / 2, all.routers - 1}) {
      const aperture mine(all.replicas, {rank, all.routers}, all.wanted);
      CHECK(mine.size() >= std::min(all.wanted, all.replicas));
      CHECK(mine.size() <= all.replicas);
      std::vector<bool> in(all.replicas);
      for (std::uint32_t n = 0; n < mine.size(); ++n) {
        REQUIRE(mine.at(n) < all.replicas);
        REQUIRE_FALSE(in[mine.at(n)]);
        in[mine.at(n)] = true;
      }
      for (std::uint32_t position = 0; position < all.replicas; ++position)
        REQUIRE(mine.includes(position) == in[position]);
    }
  }
}

TEST_CASE("each replica is used by as many routers as any other, to within one, and by one at least") {
  for (const auto& all : landscapes()) {
    CAPTURE(all.replicas);
    CAPTURE(all.routers);
    CAPTURE(all.wanted);
    const auto covered = windows_by_replica(all);
    const auto [least, most] = std::minmax_element(covered.begin(), covered.end());
    CHECK(*least >= 1);
    CHECK(*most - *least <= 1);
  }
}

TEST_CASE("a replica that leaves changes the other routers' windows by two at most") {
  for (const auto& all : landscapes()) {
    if (all.replicas < 2) continue;
    CAPTURE(all.replicas);
    CAPTURE(all.routers);
    CAPTURE(all.wanted);
    for (const std::uint32_t leaver : {0u, all.replicas / 3, all.replicas - 1}) {
      for (std::uint32_t rank = 0; rank < all.routers; ++rank) {
        const aperture before(all.replicas, {rank, all.routers}, all.wanted);
        const aperture after(all.replicas - 1, {rank, all.routers}, all.wanted);
        const auto had = names_in(before, all.replicas);
        const auto has = names_in(after, leaver);
        const auto in = [](const std::set<std::uint32_t>& names) {
          return [&names](std::uint32_t each) { return names.count(each) != 0; };
        };
        const auto kept = std::count_if(had.begin(), had.end(), in(has));
        const auto lost = static_cast<long>(had.size()) - kept - (had.count(leaver) != 0 ? 1 : 0);
        const auto gained = static_cast<long>(has.size()) - kept;
        REQUIRE(lost <= 2);
        REQUIRE(gained <= 2);
      }
    }
  }
}

TEST_CASE("nobody is left out where all fit, where none is asked for, or where one router is alone") {
  CHECK(aperture(200, {3, 50}, 256).size() == 200);
  CHECK(aperture(5000, {3, 50}, 0).size() == 5000);
  CHECK(aperture(5000, {0, 1}, 256).size() == 5000);
  CHECK(aperture(0, {0, 1}, 256).size() == 0);
}
