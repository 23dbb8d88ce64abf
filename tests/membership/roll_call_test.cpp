// Who answers a roll call, and what follows.
#include <algorithm>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/roll_call.hpp>

#include "facts.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};

std::vector<identity> lives(std::uint64_t last) {
  std::vector<identity> all;
  for (std::uint64_t node = 1; node <= last; ++node) all.push_back(life_of(node));
  return all;
}

/// All rounds of a roll call of nodes 1 to `last`; `answers(node, round)` decides, from round 1 on.
template <class Answers>
roll_call called(std::uint64_t last, Answers&& answers) {
  roll_call call;
  call.begin(lives(last), 500ms, start);
  std::map<identity, int> asked;
  std::uint64_t sequence = 1000;
  while (!call.over()) {
    const auto first = sequence;
    for (const auto who : call.turn(64, first, 200ms, call.next()))
      if (answers(who.node.value, ++asked[who])) call.answered(who, sequence++);
    sequence = std::max(sequence, first + 1);
  }
  return call;
}

}  // namespace

TEST_CASE("a roll call asks a few, then everybody, and twice more the silent, with some who had answered") {
  roll_call call;
  CHECK_FALSE(call.open());
  CHECK(call.next() == never);
  call.begin(lives(3), 500ms, start);
  CHECK(call.next() == start);
  CHECK(call.turn(64, 1000, 200ms, start) == lives(3));
  CHECK(call.judges_few());
  CHECK(call.asked_first() == 3);
  CHECK(call.next() == start + 500ms);
  call.answered(life_of(2), 1001);
  call.answered(life_of(3), 999);    // to a ping from before the call
  call.answered({{1}, {99}}, 1001);  // another life
  call.answered(life_of(4), 1001);   // nobody who was asked
  CHECK(call.answered_first() == std::vector<node_id>{{2}});
  CHECK(call.turn(64, 1003, 200ms, start + 500ms) == std::vector{life_of(2), life_of(1), life_of(3)});
  CHECK_FALSE(call.judges_few());
  call.answered(life_of(2), 1003);
  CHECK(call.turn(64, 1006, 200ms, start + 1s) == std::vector{life_of(2), life_of(1), life_of(3)});
  call.answered(life_of(2), 1005);  // late, to the round before
  CHECK_FALSE(call.over());
  CHECK_FALSE(call.is_conclusive());
  call.answered(life_of(2), 1006);
  CHECK(call.turn(64, 1009, 200ms, start + 1500ms).empty());
  CHECK(call.over());
  CHECK(call.is_conclusive());
  CHECK(call.present() == 1);
  CHECK(call.silent() == std::vector{life_of(1), life_of(3)});

  roll_call large;
  large.begin(lives(100), 500ms, start);
  CHECK(large.turn(64, 1000, 200ms, start).size() == roll_call::few);
  CHECK(large.turn(64, 1100, 200ms, start + 500ms).size() == 64);
  CHECK(large.next() == start + 700ms);
  CHECK(large.turn(64, 1200, 200ms, start + 700ms).size() == 20);
  CHECK(large.next() == start + 1200ms);
  large.close();
  CHECK(large.next() == never);

  CHECK_FALSE(roll_call::is_called_for(16, 20));
  CHECK_FALSE(roll_call::is_called_for(17, 68));
  CHECK(roll_call::is_called_for(17, 67));
  large.begin(lives(100), 500ms, start);
  large.turn(64, 1000, 200ms, start);
  for (std::uint64_t node = 1; node <= 12; ++node) {
    CHECK_FALSE(large.is_needless());
    large.answered(life_of(node), 1000);
  }
  CHECK(large.is_needless());
}

TEST_CASE("the silent are gone if those who answer do so at once and again, and not if packets get lost") {
  CHECK(called(1000, [](auto node, int) { return node <= 20; }).is_conclusive());
  CHECK(called(1000, [](auto node, int) { return node <= 20; }).silent().size() == 980);
  CHECK(called(9, [](auto node, int) { return node == 4; }).is_conclusive());
  CHECK_FALSE(called(1000, [](auto, int) { return false; }).is_conclusive());
  random_source random(7);
  int wrong = 0;
  for (const std::uint64_t others : {6, 9, 19, 99, 999})
    for (const double answered : {.05, .1, .2, .5, .8})
      for (int k = 0; k < 20; ++k)
        wrong += called(others, [&](auto, int) { return random.unit() < answered; }).is_conclusive() ? 1 : 0;
  CHECK(wrong <= 5);  // of 500 calls
  // A cut that ended amid the call, and one that began.
  CHECK_FALSE(called(1000, [](auto, int round) { return round == 2; }).is_conclusive());
  CHECK_FALSE(called(1000, [](auto node, int round) { return round == 1 && node <= 448; }).is_conclusive());
}
