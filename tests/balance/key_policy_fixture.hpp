// Keys and their owners, for the policies that choose by key; and what is to hold of each of them.
#pragma once

#include <cstdint>
#include <map>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

namespace troupe::balance::test {

/// Ten replicas that have answered, and whom they let have the keys below 2,000.
struct owned_keys : bench {
  explicit owned_keys(policy_kind kind) : bench(10, kind) {
    warm();
    for (std::uint64_t key = 0; key < 2000; ++key) owners[key] = owner(key);
  }

  replica_index owner(std::uint64_t key) { return pick(keyed(key)).replica; }
  int moved() {
    int count = 0;
    for (const auto& [key, who] : owners) count += owner(key) != who;
    return count;
  }

  std::map<std::uint64_t, replica_index> owners;
};

/// The next owner of a key is the same for callers who know different things of the replicas.
inline void check_same_failover_everywhere(owned_keys& it, policy_kind kind) {
  bench other(0, kind);
  for (int i = 0; i < 10; ++i) other.add();
  for (std::uint64_t key = 0; key < 100; ++key) {
    request what = keyed(key);
    const replica_index first[] = {it.owners[key]};
    what.tried = first;
    CHECK(it.pick(what).replica == other.pick(what).replica);
  }
}

/// A hot key spills over to the next owner at 1.25 times the mean.
inline void check_bounded_load(owned_keys& it) {
  std::map<replica_index, int> hot;
  for (int i = 0; i < 100; ++i) ++hot[it.begin(keyed(7)).replica];
  for (const auto& [who, count] : hot) CHECK(count <= 14);
  CHECK(hot.size() >= 8);
}

}  // namespace troupe::balance::test
