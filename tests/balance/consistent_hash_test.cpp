// Keys and their owners by multi-probe hashing: who leaves, who is tried next, and when a key is hot.
#include <cstdint>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("consistent hashing") {
  bench it(10, policy_kind::consistent_hash);
  it.warm();
  const auto owner = [&](std::uint64_t key) {
    request what;
    what.key = key;
    return it.pick(what).replica;
  };
  std::map<std::uint64_t, replica_index> owners;
  std::map<replica_index, int> share;
  for (std::uint64_t key = 0; key < 2000; ++key) ++share[owners[key] = owner(key)];

  SUBCASE("gives each replica its part of the keys, always the same") {
    for (const auto& [key, who] : owners) CHECK(owner(key) == who);
    for (const auto& [who, count] : share) {
      CHECK(count > 140);
      CHECK(count < 260);
    }
  }
  SUBCASE("moves only the keys of a replica that leaves, and moves them to many") {
    it.replicas.remove(4);
    std::set<replica_index> heirs;
    for (const auto& [key, who] : owners) {
      if (who == 4) {
        heirs.insert(owner(key));
      } else {
        CHECK(owner(key) == who);
      }
    }
    CHECK(heirs.size() >= 6);
  }
  SUBCASE("fails over in the same order everywhere") {
    bench other(0, policy_kind::consistent_hash);
    for (int i = 0; i < 10; ++i) other.add();
    for (std::uint64_t key = 0; key < 100; ++key) {
      request what;
      what.key = key;
      const replica_index first[] = {owners[key]};
      what.tried = first;
      CHECK(it.pick(what).replica == other.pick(what).replica);
    }
  }
  SUBCASE("bounds the load: a hot key spills over to the next owner at 1.25 times the mean") {
    request what;
    what.key = 7;
    std::map<replica_index, int> hot;
    for (int i = 0; i < 100; ++i) ++hot[it.begin(what).replica];
    for (const auto& [who, count] : hot) CHECK(count <= 14);
    CHECK(hot.size() >= 8);
  }
  SUBCASE("chooses by score without a key") { CHECK(it.picks(200).size() == 10); }
}
