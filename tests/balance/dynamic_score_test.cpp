// The policy over the score: a key's owner, and ties. The score itself is in replica_set_test.cpp.
#include <cstdint>

#include <doctest/doctest.h>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("the dynamic score keeps a key at its owner until the owner is busier than the others") {
  bench it(4);
  it.warm();
  request what;
  what.key = 99;
  const replica_index owner = it.pick(what).replica;
  for (int i = 0; i < 20; ++i) CHECK(it.pick(what).replica == owner);
  for (int i = 0; i < 3; ++i) it.begin_at(owner);
  CHECK(it.pick(what).replica != owner);
}

TEST_CASE("equal scores are broken uniformly") {
  bench it(5);
  it.warm();
  for (const auto& [who, count] : it.picks(5000)) {
    CHECK(count > 900);
    CHECK(count < 1100);
  }
}

TEST_CASE("the dynamic score gives a new replica that does not answer one call") {
  CHECK(lost_at_mute_newcomer(policy_kind::dynamic_score) == 1);
}
