// Whose key it is: every router agrees, and few keys move.
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/key_ring.hpp>
#include <troupe/base/hash.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

constexpr std::uint64_t keys = 20'000;

std::uint64_t point_of(std::uint32_t replica) { return mix(1000 + replica); }

key_ring ring_of(std::uint32_t count) {
  key_ring it;
  for (std::uint32_t i = 0; i < count; ++i) it.add(point_of(i), i);
  return it;
}

std::uint32_t owner(const key_ring& of, std::uint64_t key) { return of.of(key).next().value(); }

}  // namespace

TEST_CASE("nobody has a key where nobody is, and one alone has them all") {
  key_ring it;
  CHECK_FALSE(it.of(5).next());
  it.add(point_of(3), 3);
  for (std::uint64_t key = 0; key < 100; ++key) REQUIRE(owner(it, key) == 3);
  it.remove(point_of(3), 3);
  CHECK_FALSE(it.of(5).next());
}

TEST_CASE("a key has the same owner whatever the order that replicas came in") {
  const auto forth = ring_of(50);
  key_ring back;
  for (std::uint32_t i = 50; i-- > 0;) back.add(point_of(i), i);
  for (std::uint64_t key = 0; key < keys; ++key) REQUIRE(owner(forth, key) == owner(back, key));
  for (std::size_t n = 0; n < forth.size(); ++n) CHECK(forth.replica_at(n) == back.replica_at(n));
}

TEST_CASE("replicas stand in the order of their points") {
  const auto it = ring_of(50);
  REQUIRE(it.size() == 50);
  for (std::size_t n = 1; n < it.size(); ++n)
    CHECK(point_of(it.replica_at(n - 1)) < point_of(it.replica_at(n)));
}

TEST_CASE("who leaves gives away its own keys, and gets the same back when it returns") {
  const auto before = ring_of(30);
  auto it = ring_of(30);
  it.remove(point_of(7), 7);
  for (std::uint64_t key = 0; key < keys; ++key) {
    const auto had = owner(before, key);
    const auto has = owner(it, key);
    REQUIRE(has != 7);
    if (had != 7) REQUIRE(has == had);
  }
  it.add(point_of(7), 7);
  for (std::uint64_t key = 0; key < keys; ++key) REQUIRE(owner(it, key) == owner(before, key));
}

TEST_CASE("the fullest has little more than its share") {
  for (const std::uint32_t count : {2u, 10u, 100u}) {
    CAPTURE(count);
    const auto it = ring_of(count);
    std::map<std::uint32_t, int> share;
    for (std::uint64_t key = 0; key < 10 * keys; ++key) ++share[owner(it, key)];
    for (const auto& [replica, has] : share) CHECK(has * count < 1.25 * 10 * keys);
  }
}

TEST_CASE("a key's owners are told one after the other, a bounded number of them") {
  const auto it = ring_of(1000);
  auto owners = it.of(77);
  std::map<std::uint32_t, int> told;
  std::uint32_t answers = 0;
  while (const auto next = owners.next()) {
    REQUIRE(*next < 1000);
    ++told[*next];
    ++answers;
  }
  CHECK(answers == key_ring::probes);
  CHECK(told.size() > 10);  // who comes next differs
  CHECK_FALSE(owners.next());
}

TEST_CASE("two replicas at one point come and go each by itself") {
  key_ring it;
  it.add(500, 1);
  it.add(500, 2);
  it.remove(500, 3);  // is not there
  CHECK(it.size() == 2);
  it.remove(500, 1);
  CHECK(it.size() == 1);
  CHECK(owner(it, 9) == 2);
}
