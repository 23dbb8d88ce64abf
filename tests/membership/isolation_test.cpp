// Is it the others, or is it me? Isolation and roll calls.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/isolation.hpp>
#include <troupe/membership/roll_call.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE(
    "only an isolated node calls the roll when it hears somebody, and thinks again after a long silence") {
  step_fixture s;
  s.add_up_to(30);
  isolation one;
  CHECK_FALSE(one.note_contact(s.at()));
  CHECK(one.next_deadline() == never);
  const auto longest = bounds_of(s.settings, 30).longest;
  s.now += longest;
  one.begin(s.now);
  s.now += 1s;
  CHECK(one.note_contact(s.at()));  // the first words after so long
  CHECK(one.since() == s.now);
  CHECK(one.next_deadline() == s.now);
  CHECK_FALSE(one.note_contact(s.at()));
  one.end();
  CHECK_FALSE(one.holds());
}

TEST_CASE("a call that a few answer is closed, another one is not begun at once, and none where it is off") {
  step_fixture s;
  s.add_up_to(30);
  isolation one;
  one.begin_roll_call(s.at());
  CHECK(one.call_roll(true, s.at()).empty());
  const auto pings = sent(s.take(), packet_kind::ping);
  REQUIRE(pings.size() == roll_call::few);
  for (const auto& ping : pings) one.receive_ack(ping.target, ping.sequence);
  s.now = one.next_deadline();
  CHECK(one.roll_call_is_due(s.now));
  CHECK_FALSE(one.count_first_answers(s.at()));  // it is not isolated
  CHECK(one.call_roll(true, s.at()).empty());
  CHECK(s.out.packets.empty());
  CHECK(one.next_deadline() == never);
  one.begin_roll_call(s.at());
  CHECK(one.next_deadline() == never);
  s.now += bounds_of(s.settings, 30).shortest;
  one.begin_roll_call(s.at());
  CHECK(one.next_deadline() == s.now);
  one.close_roll_call();

  s.settings.isolation_percent = 0;
  isolation off;
  off.begin_roll_call(s.at());
  CHECK(off.next_deadline() == never);
}

TEST_CASE("of an isolated node the first answers count as reached, when there are enough of them") {
  step_fixture s;
  s.add_up_to(30);
  isolation one;
  one.begin(s.now);
  one.begin_roll_call(s.at());
  (void)one.call_roll(true, s.at());
  const auto pings = sent(s.take(), packet_kind::ping);
  for (std::size_t i = 0; i < 4; ++i) one.receive_ack(pings[i].target, pings[i].sequence);
  CHECK_FALSE(one.count_first_answers(s.at()));  // 30% of 16 are 5
  one.receive_ack(pings[4].target, pings[4].sequence);
  CHECK(one.count_first_answers(s.at()));
  CHECK(s.reached.reached() == 5);
}

TEST_CASE("a call that is over names whoever was silent, if the others answered at once and again") {
  step_fixture s;
  s.add_up_to(60);
  isolation one;
  one.begin(s.now);
  one.begin_roll_call(s.at());
  std::vector<identity> silent;
  for (int turn = 0; turn < 20 && one.next_deadline() != never; ++turn) {
    s.now = one.next_deadline();
    silent = one.call_roll(true, s.at());
    for (const auto& ping : sent(s.take(), packet_kind::ping))
      if (ping.target.node.value <= 5) one.receive_ack(ping.target, ping.sequence);
  }
  CHECK(silent.size() == 55);
  for (const auto& who : silent) CHECK(who.node.value > 5);
}

TEST_CASE("a call that nobody needs any more goes no further than the first few") {
  step_fixture s;
  s.add_up_to(60);
  isolation one;
  one.begin_roll_call(s.at());
  (void)one.call_roll(true, s.at());
  s.take();
  s.now = one.next_deadline();
  CHECK(one.call_roll(false, s.at()).empty());
  CHECK(s.out.packets.empty());
  CHECK(one.next_deadline() == never);
}

// --- In a core ------------------------------------------------------------------------------------------

namespace {

/// Nodes 51 to 100 of 100 are suspected, by many, each of a few.
void accuse_half(core_fixture& s) {
  s.meet(100);
  s.run(30s);
  s.take();
  for (std::uint64_t peer = 51; peer <= 100; ++peer)
    s.gossip(2 + peer % 10, {accused(peer, state::suspect, 2 + peer % 10)});
}

}  // namespace

TEST_CASE("a node that hardly anybody answers takes itself for isolated, and buries nobody, for hours") {
  core_fixture s;
  s.meet(20);
  s.run(30s);
  s.take();
  s.run(2h, nobody);
  CHECK(s.node.isolated());
  CHECK(s.node.counted().isolations == 1);
  CHECK(s.node.counted().postponed_verdicts > 0);
  CHECK(s.node.counted().deaths == 0);
  CHECK(std::count_if(s.out.notes.begin(), s.out.notes.end(), [](const std::string& note) {
          return note.find("isolated") != std::string::npos;
        }) == 1);
  for (std::uint64_t peer = 2; peer <= 20; ++peer) CHECK(s.seen(peer) != state::dead);
  s.take();
  for (int second = 0; second < 100; ++second) {
    // Who is pinged as a suspect hears of it, and refutes.
    for (std::uint64_t peer = 2; peer <= 20; ++peer)
      if (s.seen(peer) == state::suspect)
        s.gossip(peer, {about(peer, state::alive, s.node.find({peer})->incarnation + 1)});
    s.run(1s);
  }
  CHECK_FALSE(s.node.isolated());
  CHECK(s.out.notes.size() == 1);
  CHECK(s.node.counted().deaths == 0);
  CHECK(s.node.local_health() == 0);
}

TEST_CASE("an isolated node accuses nobody for as long as a suspicion may last") {
  core_fixture s;
  s.meet(20);
  s.run(30s, nobody);
  REQUIRE(s.node.isolated());
  const auto before = s.node.counted().suspicions;
  s.run(20s, nobody);
  CHECK(s.node.counted().suspicions == before);
}

TEST_CASE("where few are left, those find out soon that the others are gone, and tell them first") {
  core_fixture s;
  s.meet(200);
  s.run(30s);
  s.take();
  const auto few = [](std::uint64_t peer) { return peer <= 9 || peer == 200; };  // that one is the fixture
  s.run(60s, few);
  REQUIRE(s.node.isolated());
  s.ping(9);
  s.run(20s, few);
  CHECK(s.node.counted().isolations >= 1);
  CHECK_FALSE(s.node.isolated());
  CHECK(s.node.local_health() < s.settings.health_max);
  std::map<state, int> held;
  for (std::uint64_t peer = 2; peer <= 199; ++peer) ++held[s.seen(peer)];
  CHECK(held[state::dead] == 190);
  CHECK(held[state::alive] == 8);
  std::set<std::uint64_t> warned;
  for (const auto& ping : sent(s.out, packet_kind::ping))
    if (const auto* note = find(ping, ping.target.node.value); note && note->state == state::suspect)
      warned.insert(ping.target.node.value);
  CHECK(warned.size() >= 190);
}

TEST_CASE("a node whose packets get lost both ways calls the roll, and buries nobody") {
  for (const std::uint64_t others : {20, 200}) {
    CAPTURE(others);
    core_fixture s;
    s.meet(others);
    s.run(30s);
    random_source random(3);
    const auto seldom = [&](std::uint64_t) { return random.unit() < .1; };
    int calls = 0;
    for (int second = 0; second < 300; ++second) {
      if (s.node.isolated() && second % 10 == 0) s.ping(2);
      s.run(1s, seldom);
      calls += sent(s.out, packet_kind::ping).size() > 20 ? 1 : 0;
      s.take();
    }
    CHECK(s.node.counted().isolations >= 1);
    CHECK(calls >= 1);
    CHECK(s.node.counted().deaths == 0);
  }
}

TEST_CASE("who suspects a quarter of all calls the roll, and who is gone is dead soon") {
  core_fixture s;
  accuse_half(s);
  const auto half = [](std::uint64_t peer) { return peer <= 50; };
  s.run(bounds_of(s.settings, 100).shortest + 5s, half);
  CHECK_FALSE(s.node.isolated());
  for (std::uint64_t peer = 2; peer <= 100; ++peer)
    CHECK(s.seen(peer) == (half(peer) ? state::alive : state::dead));
}

TEST_CASE("by a roll call a node that is not isolated buries nobody whom it alone misses") {
  core_fixture s;
  accuse_half(s);
  s.run(bounds_of(s.settings, 100).shortest + 5s, [](std::uint64_t peer) { return peer <= 45; });
  for (std::uint64_t peer = 46; peer <= 50; ++peer) CHECK(s.seen(peer) != state::dead);
  for (std::uint64_t peer = 51; peer <= 100; ++peer) CHECK(s.seen(peer) == state::dead);
}

TEST_CASE("where most of a few answer a roll call ends with them, and one accuser does not have it called") {
  core_fixture wrong;
  accuse_half(wrong);
  wrong.run(2s);
  CHECK(sent(wrong.out, packet_kind::ping).size() >= roll_call::few);
  CHECK(sent(wrong.out, packet_kind::ping).size() < 2 * roll_call::few);

  core_fixture one;
  one.meet(100);
  one.run(30s);
  one.take();
  for (std::uint64_t peer = 51; peer <= 100; ++peer) one.gossip(2, {accused(peer, state::suspect, 2)});
  one.run(2s, nobody);
  CHECK(sent(one.out, packet_kind::ping).size() < roll_call::few);

  auto settings = core_fixture::prompt();
  settings.isolation_percent = 0;
  core_fixture off(settings);
  accuse_half(off);
  off.run(2s, nobody);
  CHECK(sent(off.out, packet_kind::ping).size() < roll_call::few);
}

TEST_CASE("the network is back: a few answers end the isolation at once, and nobody is suspected for it") {
  for (const std::uint64_t others : {5, 60}) {
    CAPTURE(others);
    core_fixture s;
    s.meet(others);
    s.run(30s);
    s.run(10min, nobody);
    REQUIRE(s.node.isolated());
    s.take();
    s.ping(3);
    s.run(1s);
    CHECK_FALSE(s.node.isolated());
    CHECK(sent(s.out, packet_kind::ping).size() <= 2 * roll_call::few);
    for (std::uint64_t peer = 2; peer <= others; ++peer) CHECK(s.seen(peer) == state::alive);
  }
}

TEST_CASE("what a roll call found is not certain any more once something speaks against it") {
  const auto few = [](std::uint64_t peer) { return peer <= 9 || peer == 200; };
  const auto found = [&](core_fixture& s) {
    s.meet(200);
    s.run(30s);
    s.run(60s, few);
    REQUIRE(s.node.isolated());
    s.ping(9);
    while (s.seen(100) != state::suspect) s.run(100ms, few);
  };
  core_fixture again;  // isolated before the verdict falls
  found(again);
  again.run(5min, nobody);
  CHECK(again.node.isolated());
  CHECK(again.node.counted().deaths == 0);

  core_fixture healed;  // the others are there again when it asks them once more
  found(healed);
  for (int tenth = 0; tenth < 200; ++tenth) {
    healed.run(100ms);
    for (const auto& ping : sent(healed.take(), packet_kind::ping)) {
      const auto peer = ping.target.node.value;
      if (const auto* note = find(ping, peer); note && note->state == state::suspect)
        healed.gossip(peer, {about(peer, state::alive, note->incarnation + 1)});
    }
  }
  CHECK(healed.node.counted().deaths == 0);
  CHECK(healed.seen(100) == state::alive);
}
