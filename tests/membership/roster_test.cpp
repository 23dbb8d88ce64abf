// Who is known, whose turn it is, and who is picked.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/roster.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

known_node about(std::uint64_t node, state value = state::alive) {
  known_node one;
  one.self = {{node}, {1}};
  one.state = value;
  one.who = make_attributes("node-" + std::to_string(node), *parse_endpoint("10.0.0.1:7000"));
  return one;
}

node_id next(roster& all, random_source& random, node_id except = {}) {
  const auto* turn = all.next(except, random);
  return turn == nullptr ? node_id{} : turn->self.node;
}

}  // namespace

TEST_CASE("everybody live has one turn a round, in another order each, the node itself none") {
  random_source random(5);
  roster all;
  for (std::uint64_t node = 1; node <= 20; ++node) all.insert(about(node), random);
  for (std::uint64_t node = 50; node <= 60; ++node) all.insert(about(node, state::dead), random);
  std::set<std::vector<node_id>> orders;
  for (int round = 0; round < 5; ++round) {
    std::vector<node_id> order;
    for (int i = 0; i < 19; ++i) order.push_back(next(all, random, {7}));
    CHECK(std::set<node_id>(order.begin(), order.end()).size() == 19);
    orders.insert(order);
  }
  CHECK(orders.size() == 5);
  roster lonely;
  CHECK_FALSE(next(lonely, random));
  lonely.insert(about(7), random);
  CHECK_FALSE(next(lonely, random, {7}));
}

TEST_CASE("whoever comes in the middle of a round is probed by the end of the next one") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    roster all;
    for (std::uint64_t node = 1; node <= 20; ++node) all.insert(about(node), random);
    for (int i = 0; i < 10; ++i) next(all, random);
    all.insert(about(99), random);
    std::set<node_id> seen;
    for (int i = 0; i < 32; ++i) seen.insert(next(all, random));
    CHECK(seen.contains({99}));
    CHECK(seen.size() == 21);
  }
}

TEST_CASE("picks are different, accepted, uniform, and of the right kind") {
  random_source random(6);
  roster all;
  for (std::uint64_t node = 1; node <= 10; ++node) all.insert(about(node), random);
  for (std::uint64_t node = 11; node <= 15; ++node) all.insert(about(node, state::left), random);
  CHECK(all.pick(9, random, [](const known_node& one) { return one.self.node.value % 2 == 1; }).size() == 5);
  std::map<node_id, int> counts;
  for (int i = 0; i < 10'000; ++i)
    for (const auto who : all.pick(3, random, [](const known_node&) { return true; })) ++counts[who];
  CHECK(counts.size() == 10);
  for (const auto& [who, times] : counts) CHECK(times == doctest::Approx(3000).epsilon(0.1));
  for (int i = 0; i < 100; ++i) CHECK(all.pick_departed(random)->self.node.value > 10);
}

TEST_CASE("a roster agrees with a plain map through thousands of changes") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    roster all;
    std::map<node_id, state> plain;
    for (int step = 0; step < 3000; ++step) {
      const node_id who{1 + random.below(200)};
      const auto wanted = static_cast<state>(random.below(4));
      switch (random.below(4)) {
        case 0:
          all.erase(who);
          plain.erase(who);
          break;
        case 1:
          (void)next(all, random);
          break;
        default:
          if (plain.contains(who))
            CHECK(all.set_state(who, wanted, random).self.node == who);
          else
            CHECK(all.insert(about(who.value, wanted), random).self.node == who);
          plain[who] = wanted;
      }
    }
    CHECK(all.size() == plain.size());
    std::size_t live = 0;
    for (const auto& [who, value] : plain) {
      REQUIRE(all.contains(who));
      CHECK(all.find(who)->state == value);
      live += is_live(value);
    }
    CHECK(all.live() == live);
    for (std::size_t i = 0; i < all.size(); ++i)
      CHECK(is_live((all.begin() + static_cast<int>(i))->state) == (i < live));
    for (std::uint64_t stranger = 201; stranger < 300; ++stranger) CHECK_FALSE(all.contains({stranger}));
  }
}
