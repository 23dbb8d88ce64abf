// Keys and their owners by Maglev's table: who is out of reach, who comes and goes, and when a key is hot.
#include <cstdint>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("maglev") {
  bench it(10, policy_kind::maglev);
  it.warm();
  const auto owner = [&](std::uint64_t key) { return it.pick(keyed(key)).replica; };
  std::map<std::uint64_t, replica_index> owners;
  for (std::uint64_t key = 0; key < 2000; ++key) owners[key] = owner(key);

  SUBCASE("keeps a key at its owner") {
    for (const auto& [key, who] : owners) CHECK(owner(key) == who);
  }
  SUBCASE("moves no other key while a replica is out of reach, and moves its keys to many") {
    it.replicas.set(4, standing::unreachable, true);
    std::set<replica_index> heirs;
    for (const auto& [key, who] : owners) {
      if (who == 4) {
        heirs.insert(owner(key));
      } else {
        CHECK(owner(key) == who);
      }
    }
    CHECK(heirs.size() == 9);
    CHECK(heirs.count(4) == 0);
    it.replicas.set(4, standing::unreachable, false);
    for (const auto& [key, who] : owners) CHECK(owner(key) == who);
  }
  SUBCASE("follows who comes and goes") {
    it.replicas.remove(4);
    int moved = 0;
    for (const auto& [key, who] : owners) moved += owner(key) != who;
    CHECK(moved < 400);
    const replica_index fresh = it.add();
    CHECK(it.pick().replica == fresh);  // an unkeyed call: by score, where a new one is tried
    int taken = 0;
    for (const auto& [key, who] : owners) taken += owner(key) == fresh;
    CHECK(taken > 140);
    CHECK(taken < 260);
  }
  SUBCASE("fails over in the same order everywhere") {
    bench other(0, policy_kind::maglev);
    for (int i = 0; i < 10; ++i) other.add();
    for (std::uint64_t key = 0; key < 100; ++key) {
      request what = keyed(key);
      const replica_index first[] = {owners[key]};
      what.tried = first;
      CHECK(it.pick(what).replica == other.pick(what).replica);
    }
  }
  SUBCASE("bounds the load: a hot key spills over at 1.25 times the mean") {
    std::map<replica_index, int> hot;
    for (int i = 0; i < 100; ++i) ++hot[it.begin(keyed(7)).replica];
    for (const auto& [who, count] : hot) CHECK(count <= 14);
    CHECK(hot.size() >= 8);
  }
  SUBCASE("chooses by score without a key") { CHECK(it.picks(200).size() == 10); }
}
