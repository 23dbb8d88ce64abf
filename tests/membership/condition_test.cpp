// How a node judges itself and the network: isolation, loss, strain, accusers who are not well, verdicts that
// wait, and events in batches.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/accusation_limit.hpp>
#include <troupe/membership/isolation.hpp>
#include <troupe/membership/loss.hpp>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};
const auto nobody = [](std::uint64_t) { return false; };

/// Who lives, as its owner says it.
update stating(std::uint64_t node, std::uint64_t incarnation, std::uint8_t worker_lag,
               std::vector<node_id> lossy = {}) {
  auto what = about(node, state::alive, incarnation);
  what.worker_lag = worker_lag;
  what.who = make_attributes(what.who->name, what.who->address, std::move(lossy));
  return what;
}

update accused_by(std::uint64_t node, state value, std::uint64_t accuser, std::uint8_t health) {
  auto what = accused(node, value, accuser);
  what.accuser_health = health;
  return what;
}

}  // namespace

// --- Isolation -----------------------------------------------------------------------------------------

TEST_CASE("of the last five targets two must answer, and of fewer than four nothing can be told") {
  reach all;
  for (std::uint64_t node = 1; node <= 3; ++node) all.note({node}, answer::none, start);
  CHECK_FALSE(all.is_cut_off(30));
  for (std::uint64_t node = 4; node <= 8; ++node) all.note({node}, answer::direct, start);
  CHECK_FALSE(all.is_cut_off(30));
  for (std::uint64_t node = 11; node <= 13; ++node) all.note({node}, answer::none, start + 1s);
  CHECK_FALSE(all.is_cut_off(30));
  CHECK(all.is_cut_off_since(start + 1s, 30));
  CHECK_FALSE(all.is_cut_off_since(start, 30));
  all.note({14}, answer::none, start + 2s);
  CHECK(all.is_cut_off(30));
  CHECK(all.reached() == 1);
  for (int i = 0; i < 9; ++i) all.note({1}, answer::rescued, start + 3s);  // one target is one
  CHECK(all.is_cut_off(30));
  all.note({2}, answer::direct, start + 3s);
  CHECK_FALSE(all.is_cut_off(30));
  CHECK_FALSE(all.is_cut_off(0));
}

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

TEST_CASE("where few are left, those find out soon that the others are gone, and tell them first") {
  core_fixture s;
  s.meet(200);
  s.run(30s);
  s.take();
  const auto few = [](std::uint64_t peer) {
    return peer <= 9 || peer == 200;
  };  // that one is the fixture
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

/// Nodes 51 to 100 of 100 are suspected, by many, each of a few.
void accuse_half(core_fixture& s) {
  s.meet(100);
  s.run(30s);
  s.take();
  for (std::uint64_t peer = 51; peer <= 100; ++peer)
    s.gossip(2 + peer % 10, {accused(peer, state::suspect, 2 + peer % 10)});
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

TEST_CASE("two survivors of a large crash bury the others, one alone does not before a day has passed") {
  core_fixture s;
  s.meet(10);
  const auto two = [](std::uint64_t peer) { return peer == 2; };
  for (int i = 0; i < 300; ++i) {
    s.run(1s, two);
    // The other survivor is no better off, and says what it sees.
    for (std::uint64_t peer = 3; i > 60 && peer <= 10; ++peer)
      s.gossip(2, {accused_by(peer, state::suspect, 2, 8)});
  }
  for (std::uint64_t peer = 3; peer <= 10; ++peer) CHECK(s.seen(peer) == state::dead);
  CHECK(s.seen(2) == state::alive);

  core_fixture alone;
  alone.meet(10);
  alone.run(23h, nobody);
  CHECK(alone.node.counted().deaths == 0);
  alone.run(3h, nobody);
  CHECK(alone.node.counted().deaths == 9);
}

TEST_CASE("a crash among many who answer is buried as ever") {
  core_fixture s;
  s.meet(20);
  const auto mute = [](std::uint64_t peer) { return peer != 7; };
  for (int second = 0; second < 80; ++second) {
    s.run(1s, mute);
    if (s.seen(7) == state::suspect) s.gossip(3, {accused(7, state::suspect, 3)});
  }
  CHECK(s.seen(7) == state::dead);
  CHECK(s.node.counted().deaths == 1);
  CHECK(s.node.counted().isolations == 0);
}

TEST_CASE(
    "whom only one node of many misses is dead when another one misses it too, or after twice the longest") {
  core_fixture s;
  s.meet(20);
  const auto mute = [](std::uint64_t peer) { return peer != 7; };
  const auto longest = bounds_of(s.settings, 20).longest;
  while (s.seen(7) != state::suspect) s.run(100ms, mute);
  s.run(longest + 5s, mute);
  CHECK(s.seen(7) == state::suspect);
  CHECK(s.node.counted().postponed_verdicts > 0);
  s.take();
  s.run(5s, mute);
  int notes = 0;
  for (const auto& ping : sent(s.out, packet_kind::ping))
    notes += ping.target == life_of(7) && find(ping, 7)->state == state::suspect ? 1 : 0;
  CHECK(notes >= 4);                                   // it may not know of it
  CHECK(s.take().syncs.size() >= 4);                   // others may know more
  s.gossip(3, {accused_by(7, state::suspect, 3, 8)});  // not well itself, but a second one
  s.run(2s, mute);
  CHECK(s.seen(7) == state::dead);

  core_fixture last;
  last.meet(20);
  while (last.seen(7) != state::suspect) last.run(100ms, mute);
  last.run(2 * longest - 2s, mute);
  CHECK(last.seen(7) == state::suspect);
  last.run(5s, mute);
  CHECK(last.seen(7) == state::dead);

  core_fixture alone;
  alone.meet(20);
  alone.run(10s);
  while (alone.seen(7) != state::suspect) alone.run(100ms, mute);
  alone.run(10min, nobody);  // now it may be this node that has vanished
  CHECK(alone.seen(7) == state::suspect);

  core_fixture told;
  told.meet(20);
  told.gossip(3, {accused(7, state::suspect, 3)});
  told.run(10min, mute);  // it finds out by itself
  CHECK(told.seen(7) == state::dead);

  core_fixture late;
  late.meet(20);
  late.gossip(3, {accused(7, state::suspect, 3)});
  late.run(5s);
  late.merge(4, {about(4), accused(7, state::dead, 3)});  // the others have it behind them
  CHECK(late.seen(7) == state::suspect);                  // a stream does not kill
  late.run(1min);
  CHECK(late.seen(7) == state::dead);

  core_fixture few;
  few.meet(4);
  few.run(1min, [](std::uint64_t peer) { return peer != 3; });
  CHECK(few.seen(3) == state::dead);
}

TEST_CASE("the second accuser is passed on, however unwell, and a third like it is not") {
  core_fixture s;
  s.meet(20);
  s.gossip(3, {accused_by(7, state::suspect, 3, 8)});
  s.run(5s);
  s.take();
  s.gossip(4, {accused_by(7, state::suspect, 4, 8)});
  s.run(5s);
  const auto told_by = [&](std::uint64_t accuser) {
    const auto all = sent(s.out, packet_kind::gossip);
    return std::any_of(all.begin(), all.end(), [&](const packet& each) {
      const auto* fact = find(each, 7);
      return fact != nullptr && fact->accuser == node_id{accuser};
    });
  };
  CHECK(told_by(4));
  s.gossip(5, {accused_by(7, state::suspect, 5, 8)});
  s.run(5s);
  CHECK_FALSE(told_by(5));
}

// --- Accusers ------------------------------------------------------------------------------------------

TEST_CASE("an accuser who is not well neither shortens a suspicion nor kills") {
  core_fixture s;
  s.meet(9);
  s.gossip(3, {accused_by(2, state::suspect, 3, 5)});
  for (const std::uint64_t accuser : {4, 5, 6, 7})
    s.gossip(accuser, {accused_by(2, state::suspect, accuser, 5)});
  CHECK(s.node.counted().doubted_accusations == 4);
  s.run(8s);
  CHECK(s.seen(2) == state::suspect);
  s.gossip(4, {accused_by(2, state::dead, 4, 5)});
  CHECK(s.seen(2) == state::suspect);
  for (const std::uint64_t accuser : {4, 5, 6})
    s.gossip(accuser, {accused_by(8, state::suspect, accuser, 0)});
  s.gossip(4, {accused_by(8, state::dead, 4, 0)});
  CHECK(s.seen(8) == state::dead);
  s.run(20s);
  CHECK(s.seen(2) == state::dead);  // after the longest time, by its own verdict
}

TEST_CASE("an accusation tells how well its accuser was") {
  core_fixture s;
  s.meet(9);
  const auto lonely = s.next_probe().target.node.value;
  s.run(20s, [&](std::uint64_t peer) { return peer != lonely; });
  bool told = false;
  for (const auto& gossip : sent(s.out, packet_kind::gossip))
    if (const auto* fact = find(gossip, lonely)) {
      told = true;
      CHECK(fact->accuser == node_id{1});
      CHECK(fact->accuser_health == 3);  // three helpers said nothing at all
    }
  CHECK(told);
}

TEST_CASE("one accuser raises only so many suspicions in a period") {
  core_fixture s;
  s.meet(30);
  std::vector<update> all;
  for (std::uint64_t peer = 5; peer <= 24; ++peer) all.push_back(accused(peer, state::suspect, 3));
  s.gossip(3, all);
  CHECK(s.node.counted().limited_accusations == 12);
  CHECK(s.seen(12) == state::suspect);
  CHECK(s.seen(13) == state::alive);
  s.gossip(4, {accused(13, state::suspect, 4)});
  CHECK(s.seen(13) == state::suspect);
  s.run(1100ms);
  s.gossip(3, {accused(14, state::suspect, 3)});
  CHECK(s.seen(14) == state::suspect);
  accusation_limit none(0, 1s);
  for (int i = 0; i < 1000; ++i) CHECK(none.admit({1}, start));
}

// --- Loss ----------------------------------------------------------------------------------------------

TEST_CASE("a watched peer is lossy when enough of its last pings were lost, until half of that") {
  loss_meter meter(30);
  meter.watch({7}, start);
  CHECK(meter.next() == start);
  CHECK(meter.turn(start, 500ms) == node_id{7});
  CHECK_FALSE(meter.turn(start, 500ms));
  CHECK(meter.next() == start + 500ms);
  for (int i = 0; i < 3; ++i) meter.note({7}, false, 0);
  CHECK(meter.lossy().empty());
  meter.note({7}, false, 0);
  CHECK(meter.lossy() == std::vector<node_id>{{7}});
  for (int i = 0; i < 13; ++i) meter.note({7}, true, 0);
  CHECK(meter.lossy().size() == 1);
  meter.note({7}, true, 0);  // 2 of 16
  CHECK(meter.lossy().empty());
  CHECK(meter.next() == never);

  meter.watch({8}, start);
  for (int i = 0; i < 8; ++i) meter.note({8}, i != 3, 0);
  CHECK(meter.next() == never);  // it was sound
  for (std::uint64_t node = 1; node < 100; ++node) meter.watch({node}, start);
  for (int round = 0; round < 4; ++round)
    for (std::uint64_t node = 1; node < 100; ++node) meter.note({node}, false, 0);
  CHECK(meter.lossy().size() == lossy_max);
}

TEST_CASE(
    "where half of all pings get lost a peer that loses half is nothing special, one that loses all is") {
  loss_meter meter(30);
  meter.watch({7}, start);
  for (int i = 0; i < 16; ++i) meter.note({7}, i % 2 == 0, .25);
  CHECK(meter.lossy().empty());
  CHECK(meter.next() == never);  // as sound as the others: looked at no more
  meter.watch({8}, start);
  for (int i = 0; i < 7; ++i) meter.note({8}, false, .25);
  CHECK(meter.lossy().empty());
  meter.note({8}, false, .25);  // 4 more than twice the usual
  CHECK(meter.lossy() == std::vector<node_id>{{8}});
  for (int i = 0; i < 8; ++i) meter.note({8}, true, .25);
  CHECK(meter.lossy().empty());

  reach all;
  CHECK_FALSE(all.knows_usual_loss());
  CHECK(all.loses_often());  // the worst is assumed
  for (std::uint64_t node = 1; node <= 64; ++node)
    all.note({node}, node % 4 == 0 ? answer::rescued : node % 4 == 1 ? answer::none : answer::direct, start);
  CHECK(all.usual_loss() == doctest::Approx(1. / 3).epsilon(.05));  // of the dead nothing follows
  CHECK(all.loses_often());
  for (std::uint64_t node = 1; node <= 16; ++node) all.note({node}, answer::direct, start);
  CHECK_FALSE(all.loses_often());
}

TEST_CASE("a peer whose pings are lost and rescued is looked at, and named to the others") {
  core_fixture s;
  s.meet(20);
  s.run(20s);
  const auto lossy = s.next_probe().target.node.value;
  const auto others = [&](std::uint64_t peer) { return peer != lossy; };
  s.take();
  s.run(600ms, others);
  const auto asked_streams = s.take().stream_pings;
  REQUIRE(asked_streams.size() == 1);
  CHECK(asked_streams[0].who == life_of(lossy));
  CHECK(asked_streams[0].at == address_of(lossy));
  s.node.stream_answered(life_of(lossy), s.now, s.out);
  CHECK(s.node.counted().stream_rescues == 1);
  for (int i = 0; i < 100; ++i) {
    s.run(100ms, others);
    for (const auto& one : s.take().stream_pings) s.node.stream_answered(one.who, s.now, s.out);
  }
  CHECK(s.seen(lossy) == state::alive);
  CHECK(s.node.self().who->lossy == std::vector<node_id>{{lossy}});
  CHECK(s.node.self().incarnation == 1);
  s.run(60s);
  CHECK(s.node.self().who->lossy.empty());
  CHECK(s.node.self().incarnation == 2);
}

TEST_CASE("two of five whose own suspicion is refuted look closer: packets to or from it may get lost") {
  int looked = 0;
  for (int run = 0; run < 60; ++run) {
    CAPTURE(run);
    core_fixture s;
    s.meet(20);
    s.run(20s + run * 1s);
    const auto silent = s.next_probe().target.node.value;
    s.run(1500ms, [&](std::uint64_t peer) { return peer != silent; });
    REQUIRE(s.seen(silent) == state::suspect);
    const std::uint64_t other = silent == 5 ? 6 : 5;
    s.gossip(other == 3 ? 4 : 3, {accused(other, state::suspect, 3)});
    s.gossip(silent, {about(silent, state::alive, 1)});
    s.gossip(other, {about(other, state::alive, 1)});
    s.take();
    s.run(3s);
    std::map<std::uint64_t, int> looks;
    for (const auto& ping : sent(s.out, packet_kind::ping)) ++looks[ping.target.node.value];
    looked += looks[silent] >= 5 ? 1 : 0;
    CHECK(looks[other] <= 2);
  }
  CHECK(looked > 12);
  CHECK(looked < 36);
}

TEST_CASE("a node that loses packets to many blames itself, and names nobody") {
  core_fixture s;
  s.meet(20);
  for (int i = 0; i < 600; ++i) {
    s.run(100ms, [](std::uint64_t peer) { return peer % 2 == 0; });
    for (const auto& one : s.take().stream_pings) s.node.stream_answered(one.who, s.now, s.out);
  }
  CHECK(s.node.self().who->lossy.empty());
  CHECK(s.node.counted().suspicions == 0);
}

TEST_CASE("three live observers make a peer degraded, and whoever comes later sees the same") {
  core_fixture s;
  s.meet(9);
  s.gossip(2, {stating(2, 1, 0, {{7}})});
  s.gossip(3, {stating(3, 1, 0, {{7}, {8}})});
  CHECK_FALSE(s.node.find({7})->degraded);
  CHECK(s.out.events.empty());
  s.gossip(4, {stating(4, 1, 0, {{7}, {99}})});
  CHECK(kinds(s.take()) == happened{event_kind::changed});
  CHECK(s.node.find({7})->degraded);
  CHECK(s.node.find({7})->observers == std::vector<node_id>{{2}, {3}, {4}});
  CHECK_FALSE(s.node.find({8})->degraded);
  core_fixture late;
  late.meet(2);
  late.gossip(2, {stating(2, 1, 0, {{7}}), stating(3, 1, 0, {{7}}), stating(4, 1, 0, {{7}}), about(7)});
  CHECK(late.node.find({7})->degraded);
  s.gossip(4, {about(4, state::left, 1)});
  CHECK(kinds(s.take()) == happened{event_kind::changed, event_kind::left});
  CHECK_FALSE(s.node.find({7})->degraded);
  s.gossip(5, {stating(5, 1, 0, {{7}})});
  CHECK(s.node.find({7})->degraded);
  s.gossip(5, {about(5, state::alive, 0, 11)});  // a new life knows nothing of it
  CHECK_FALSE(s.node.find({7})->degraded);
}

// --- Strain --------------------------------------------------------------------------------------------

TEST_CASE("how far workers lag is told with a new incarnation, at most once a second, and last of all") {
  core_fixture s;
  s.meet(9);
  s.run(5s);
  s.take();
  s.node.set_worker_lag(2, s.now, s.out);
  s.node.set_worker_lag(2, s.now, s.out);
  CHECK(s.node.self().worker_lag == 2);
  CHECK(s.node.self().incarnation == 1);
  CHECK(kinds(s.take()) == happened{event_kind::changed});
  s.node.set_worker_lag(3, s.now, s.out);
  s.node.set_worker_lag(0, s.now, s.out);
  s.node.set_worker_lag(9, s.now, s.out);
  CHECK(s.node.self().worker_lag == 2);
  s.run(1100ms);
  CHECK(s.node.self().worker_lag == 3);
  CHECK(s.node.self().incarnation == 2);
  s.node.set_worker_lag(0, s.now, s.out);
  s.node.set_worker_lag(3, s.now, s.out);
  s.run(5s);
  CHECK(s.node.self().incarnation == 2);
  s.take();
  s.gossip(2, {stating(2, 1, 1)});
  CHECK(kinds(s.out) == happened{event_kind::changed});
  CHECK(s.node.find({2})->worker_lag == 1);
}

// --- Verdicts and events -------------------------------------------------------------------------------

TEST_CASE("a verdict waits for others that are nearly due, and for nobody else") {
  core_fixture s;
  s.meet(30);
  const auto accuse = [&](std::uint64_t peer) {
    for (const std::uint64_t accuser : {2, 3, 4, 5})
      s.gossip(accuser, {accused(peer, state::suspect, accuser)});
  };
  const auto mute = [](std::uint64_t peer) { return peer < 20 || peer > 23; };
  accuse(20);
  s.run(500ms, mute);
  accuse(21);
  s.run(400ms, mute);
  accuse(22);
  s.run(3s, mute);
  accuse(23);
  s.take();
  const auto buried = [&] {
    int all = 0;
    for (const auto kind : kinds(s.out)) all += kind == event_kind::died;
    return all;
  };
  while (buried() == 0) s.run(10ms, mute);
  CHECK(buried() == 3);
  s.run(2500ms, mute);
  CHECK(buried() == 3);
  s.run(1s, mute);
  CHECK(buried() == 4);
}

TEST_CASE("events leave at once out of quiet, and then in batches, in their order") {
  core_fixture s{options{}};
  s.meet(30);
  s.run(1s);
  s.take();
  s.gossip(2, {accused(3, state::suspect, 2)});
  CHECK(kinds(s.out) == happened{event_kind::suspected});
  s.run(10ms);
  for (const std::uint64_t peer : {4, 5, 6}) s.gossip(2, {accused(peer, state::suspect, 2)});
  s.gossip(3, {about(3, state::alive, 1)});
  s.gossip(3, {accused(3, state::suspect, 2, 1)});
  CHECK(s.out.events.size() == 1);
  s.take();
  s.run(91ms);
  CHECK(kinds(s.out) == happened{event_kind::suspected, event_kind::suspected, event_kind::suspected,
                                 event_kind::refuted, event_kind::suspected});
  CHECK(s.out.events[3].subject.state == state::alive);
  CHECK(s.out.events[4].subject.state == state::suspect);
  s.node.leave(s.now, s.out);
  CHECK(s.out.events.back().kind == event_kind::left);  // nothing is held back at the end
}

// --- Modes ---------------------------------------------------------------------------------------------

TEST_CASE("plain SWIM has no health, no confirmations and no helpers' nacks; memberlist has them all") {
  core_fixture plain(options::swim());
  plain.meet(9);
  const auto silent = plain.next_probe().target.node.value;
  plain.run(1500ms, nobody);
  CHECK(plain.node.local_health() == 0);
  CHECK(plain.out.stream_pings.empty());
  CHECK(plain.seen(silent) == state::suspect);
  plain.run(4s, nobody);
  CHECK(plain.seen(silent) == state::dead);
  CHECK(bounds_of(options::swim(), 100).confirmations == 0);
  CHECK(bounds_of(options::swim(), 100).shortest == 8s);
  CHECK(bounds_of(options::memberlist(), 100).longest == 48s);
  for (const auto& mode : {options{}, options::local(), options::swim(), options::memberlist()})
    CHECK(mode.validate());
}

TEST_CASE("gossip keeps to its bytes per interval, whatever there is to tell") {
  auto narrow = core_fixture::prompt();
  narrow.gossip_bytes_max = 1000;
  core_fixture s(narrow);
  s.meet(40);
  std::vector<update> all;
  for (std::uint64_t peer = 41; peer <= 200; ++peer) all.push_back(about(peer));
  s.gossip(2, all);
  s.run(5s, nobody);
  std::size_t bytes = 0;
  for (const auto& gossip : sent(s.out, packet_kind::gossip)) bytes += size_bound(gossip);
  CHECK(bytes <= 27 * 1000);
  CHECK(bytes >= 20 * 1000);
}

TEST_CASE("in a storm each piece of news goes to as many at once as alone, or to one, as bytes allow") {
  struct limit {
    std::size_t bytes;
    int tellings;
  };
  for (const auto [bytes_max, least] : {limit{std::size_t{32} << 10, 3}, limit{8192, 1}}) {
    CAPTURE(bytes_max);
    auto wide = core_fixture::prompt();
    wide.gossip_bytes_max = bytes_max;
    core_fixture s(wide);
    s.meet(60);
    s.run(10s);
    s.take();
    std::vector<update> all;
    for (std::uint64_t peer = 10; peer < 50; ++peer) all.push_back(about(peer, state::left));
    s.gossip(2, all);
    s.run(100ms, nobody);
    std::map<std::uint64_t, int> tellings;
    std::size_t bytes = 0;
    for (const auto& gossip : sent(s.out, packet_kind::gossip)) {
      bytes += size_bound(gossip);
      for (const auto& fact : gossip.updates) ++tellings[fact.subject.node.value];
    }
    CHECK(tellings.size() == 40);
    for (const auto& [subject, times] : tellings) CHECK(times >= least);
    CHECK(bytes <= bytes_max);
  }
}
