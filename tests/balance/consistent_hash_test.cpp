// Keys and their owners by multi-probe hashing: who leaves, who is tried next, and when a key is hot.
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "balance/key_policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("consistent hashing") {
  owned_keys it(policy_kind::consistent_hash);

  SUBCASE("gives each replica its part of the keys, always the same") {
    CHECK(it.moved() == 0);
    std::map<replica_index, int> share;
    for (const auto& [key, who] : it.owners) ++share[who];
    CHECK(share.size() == 10);
    for (const auto& [who, count] : share) {
      CHECK(count > 140);
      CHECK(count < 260);
    }
  }
  SUBCASE("moves only the keys of a replica that leaves, and moves them to many") {
    it.replicas.remove(4);
    std::set<replica_index> heirs;
    for (const auto& [key, who] : it.owners) {
      if (who == 4) {
        heirs.insert(it.owner(key));
      } else {
        CHECK(it.owner(key) == who);
      }
    }
    CHECK(heirs.size() >= 6);
  }
  SUBCASE("fails over in the same order everywhere") {
    check_same_failover_everywhere(it, policy_kind::consistent_hash);
  }
  SUBCASE("bounds the load") { check_bounded_load(it); }
  SUBCASE("chooses by score without a key") { CHECK(it.picks(200).size() == 10); }
}
