// Keys and their owners by Maglev's table: who is out of reach, who comes and goes, and when a key is hot.
#include <set>

#include <doctest/doctest.h>

#include "balance/key_policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("maglev") {
  owned_keys it(policy_kind::maglev);

  SUBCASE("keeps a key at its owner") { CHECK(it.moved() == 0); }
  SUBCASE("moves no other key while a replica is out of reach, and moves its keys to many") {
    it.replicas.set(4, standing::unreachable, true);
    std::set<replica_index> heirs;
    for (const auto& [key, who] : it.owners) {
      if (who == 4) {
        heirs.insert(it.owner(key));
      } else {
        CHECK(it.owner(key) == who);
      }
    }
    CHECK(heirs.size() == 9);
    CHECK(heirs.count(4) == 0);
    it.replicas.set(4, standing::unreachable, false);
    CHECK(it.moved() == 0);
  }
  SUBCASE("follows who comes and goes") {
    it.replicas.remove(4);
    CHECK(it.moved() < 400);
    const replica_index fresh = it.add();
    CHECK(it.pick().replica == fresh);  // an unkeyed call: by score, where a new one is tried
    int taken = 0;
    for (const auto& [key, who] : it.owners) taken += it.owner(key) == fresh;
    CHECK(taken > 140);
    CHECK(taken < 260);
  }
  SUBCASE("fails over in the same order everywhere") {
    check_same_failover_everywhere(it, policy_kind::maglev);
  }
  SUBCASE("bounds the load") { check_bounded_load(it); }
  SUBCASE("chooses by score without a key") { CHECK(it.picks(200).size() == 10); }
}
