// Who is there: indices that are used anew, lives that tell them apart, and an order that all routers share.
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/presence.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

replica_facts facts_of(std::uint64_t node) {
  return {.node = {node}, .name = "r" + std::to_string(node), .address = "127.0.0.1:7100"};
}

}  // namespace

TEST_CASE("who has come is unreachable until told otherwise, and nothing else is held against it") {
  presence it;
  const auto i = it.add(facts_of(5));
  CHECK(it.is(i, standing::unreachable));
  CHECK_FALSE(it.is(i, standing::absent));
  CHECK_FALSE(it.is(i, standing::draining));
  CHECK(it.facts(i).name == "r5");
  CHECK(it.size() == 1);
}

TEST_CASE("what is held against a replica is told once, each for itself") {
  presence it;
  const auto i = it.add(facts_of(5));
  CHECK_FALSE(it.set(i, standing::unreachable, true));
  CHECK(it.set(i, standing::unreachable, false));
  CHECK(it.set(i, standing::draining, true));
  CHECK_FALSE(it.set(i, standing::draining, true));
  CHECK(it.set(i, standing::silent, true));
  CHECK(it.set(i, standing::draining, false));
  CHECK(it.is(i, standing::silent));
  CHECK_FALSE(it.is(i, standing::draining));
}

TEST_CASE("an index that is free is used anew, by another life without a past") {
  presence it;
  it.add(facts_of(1));
  const auto i = it.add(facts_of(2));
  it.add(facts_of(3));
  it.set(i, standing::draining, true);
  const auto first = it.life_of(i);
  it.remove(i);
  CHECK(it.is(i, standing::absent));
  CHECK(it.is(i, standing::unreachable));
  CHECK(it.size() == 3);
  const auto between = it.life_of(i);
  CHECK(between != first);
  CHECK(it.add(facts_of(4)) == i);
  CHECK(it.life_of(i) != first);
  CHECK(it.life_of(i) != between);
  CHECK_FALSE(it.is(i, standing::absent));
  CHECK_FALSE(it.is(i, standing::draining));
  CHECK(it.facts(i).name == "r4");
  CHECK(it.add(facts_of(5)) == 3);
}

TEST_CASE("other words about a replica change neither its place nor what is held against it") {
  presence it;
  const auto i = it.add(facts_of(5));
  it.set(i, standing::suspected, true);
  const auto life = it.life_of(i);
  const auto hash = it.hash(i);
  const auto generation = it.generation();
  auto moved = facts_of(5);
  moved.address = "127.0.0.1:7200";
  moved.distance = distance::remote;
  it.describe(i, moved);
  CHECK(it.facts(i).address == "127.0.0.1:7200");
  CHECK(it.distance_to(i) == distance::remote);
  CHECK(it.is(i, standing::suspected));
  CHECK(it.life_of(i) == life);
  CHECK(it.hash(i) == hash);
  CHECK(it.generation() == generation);
}

TEST_CASE("the generation changes whenever somebody comes or goes, and at nothing else") {
  presence it;
  const auto empty = it.generation();
  const auto i = it.add(facts_of(5));
  const auto with = it.generation();
  CHECK(with != empty);
  it.set(i, standing::unreachable, false);
  CHECK(it.generation() == with);
  it.remove(i);
  CHECK(it.generation() != with);
  CHECK(it.generation() != empty);
}

TEST_CASE("all routers see replicas in one order, and keys at one owner, reachable or not") {
  presence one;
  presence other;
  for (std::uint64_t node = 1; node <= 20; ++node)
    one.set(one.add(facts_of(node)), standing::unreachable, false);
  other.add(facts_of(99));
  for (std::uint64_t node = 20; node > 0; --node) other.add(facts_of(node));
  other.remove(0);
  for (std::uint32_t n = 0; n < 20; ++n) {
    const auto here = one.nth_by_hash(n);
    const auto there = other.nth_by_hash(n);
    CHECK(one.facts(here).node == other.facts(there).node);
    CHECK(one.hash(here) == other.hash(there));
    if (n > 0) CHECK(one.hash(one.nth_by_hash(n - 1)) < one.hash(here));
  }
  for (std::uint64_t key = 0; key < 1000; ++key)
    REQUIRE(one.facts(one.owners_of(key).next().value()).node ==
            other.facts(other.owners_of(key).next().value()).node);
}
