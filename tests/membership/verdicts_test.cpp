// Suspicions: who may raise one, who shortens it, and when it becomes a death.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/verdicts.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

/// Node `who` is suspect, by these.
void accuse(verdicts& judged, step_fixture& s, std::uint64_t who,
            const std::vector<std::uint64_t>& accusers) {
  for (const auto accuser : accusers) {
    if (s.seen(who) == state::alive)
      judged.enter(s.known(who), state::suspect, {{accuser}}, s.at());
    else
      judged.confirm(s.known(who), {{accuser}}, {}, s.at());
  }
}

}  // namespace

TEST_CASE("exactly the suspects have an open suspicion, and who ends is among the departed") {
  step_fixture s;
  s.add_up_to(9);
  verdicts judged(s.settings);
  judged.enter(s.known(2), state::suspect, {{3}}, s.at());
  CHECK(judged.open().find({2}) != nullptr);
  CHECK(s.table.find_accusation({2})->accuser == node_id{3});
  judged.enter(s.known(2), state::alive, {}, s.at());
  CHECK(judged.open().find({2}) == nullptr);
  CHECK(s.table.find_accusation({2}) == nullptr);
  judged.enter(s.known(2), state::dead, {{3}}, s.at());
  CHECK(judged.open().size() == 0);
  CHECK(s.known(2).since == s.now);
  CHECK(s.table.find_accusation({2})->accuser == node_id{3});
  s.gone.make_room(s.at());
  CHECK(s.table.find({2}) == nullptr);
}

TEST_CASE("a probe that went unanswered accuses, and one more confirms what others said") {
  step_fixture s;
  s.add_up_to(9);
  verdicts judged(s.settings);
  const isolation sound;
  judged.suspect(s.known(2), sound, s.at());
  CHECK(s.seen(2) == state::suspect);
  CHECK(s.counted.suspicions == 1);
  CHECK(s.happenings() == happened{event_kind::suspected});
  CHECK(sent(s.out, packet_kind::gossip).size() == 3);
  judged.enter(s.known(3), state::suspect, {{4}}, s.at());
  judged.suspect(s.known(3), sound, s.at());
  CHECK_FALSE(judged.open().find({3})->is_lone());
  CHECK(s.counted.suspicions == 1);
}

TEST_CASE("an isolated node accuses nobody until its longest suspicion would be over") {
  step_fixture s;
  s.add_up_to(9);
  verdicts judged(s.settings);
  isolation cut_off;
  cut_off.begin(s.now);
  judged.suspect(s.known(2), cut_off, s.at());
  CHECK(s.seen(2) == state::alive);
  s.now += bounds_of(s.settings, 9).longest;
  judged.suspect(s.known(2), cut_off, s.at());
  CHECK(s.seen(2) == state::suspect);
}

TEST_CASE("what this node alone suspects it takes back, and nothing else") {
  step_fixture s;
  s.add_up_to(9);
  verdicts judged(s.settings);
  accuse(judged, s, 2, {1});
  accuse(judged, s, 3, {4});
  accuse(judged, s, 5, {1, 4});
  judged.withdraw(s.at());
  CHECK(s.seen(2) == state::alive);
  CHECK(s.seen(3) == state::suspect);
  CHECK(s.seen(5) == state::suspect);
  CHECK(s.happenings() == happened{event_kind::refuted});
}

TEST_CASE(
    "whom a roll call missed is certain to be gone if suspected, and else only where nothing else is known") {
  step_fixture s;
  s.add_up_to(9);
  verdicts judged(s.settings);
  accuse(judged, s, 2, {3});
  judged.take_for_gone({life_of(2), life_of(4), life_of(5, 9), life_of(77)}, false, s.at());
  CHECK(judged.open().is_certain({2}));
  CHECK(s.seen(4) == state::alive);
  judged.take_for_gone({life_of(4)}, true, s.at());
  CHECK(judged.open().is_certain({4}));
  judged.doubt({2});
  CHECK_FALSE(judged.open().is_certain({2}));
  judged.doubt_all();
  CHECK_FALSE(judged.open().is_certain({4}));
}

TEST_CASE("two who say so bury, one is asked about, and one who was heard of a moment ago waits") {
  step_fixture s;
  s.add_up_to(9);
  s.settings.verdict_wait = 0s;
  verdicts judged(s.settings);
  const isolation sound;
  accuse(judged, s, 2, {3, 4, 5, 6});
  accuse(judged, s, 7, {3});
  accuse(judged, s, 8, {3, 4, 5, 6});
  s.now += bounds_of(s.settings, 9).longest;
  s.probes_answered(3, 6);
  s.table.heard_from(life_of(8), s.now);
  CHECK(judged.tick(sound, s.at()) == std::vector<node_id>{{2}});
  CHECK(s.seen(2) == state::dead);
  CHECK(s.seen(7) == state::suspect);
  CHECK(s.seen(8) == state::suspect);
  CHECK(s.counted.deaths == 1);
  CHECK(s.counted.postponed_verdicts == 1);
  CHECK(s.out.syncs.size() == 1);  // somebody may know more of 7
  std::size_t told = 0;
  for (const auto& ping : sent(s.out, packet_kind::ping))
    told += find(ping, ping.target.node.value) != nullptr ? 1 : 0;
  CHECK(told == 2);  // 2 and 7 hear what is believed of them
  CHECK(judged.tick(sound, s.at()).empty());
}

TEST_CASE("an isolated node buries by another's later word, and by its own only after dead_kept_for") {
  step_fixture s;
  s.add_up_to(9);
  s.settings.verdict_wait = 0s;
  verdicts judged(s.settings);
  accuse(judged, s, 2, {1});
  accuse(judged, s, 3, {1});
  s.now += 1s;
  isolation cut_off;
  cut_off.begin(s.now);
  s.now += 1s;
  accuse(judged, s, 3, {4});
  s.now += bounds_of(s.settings, 9).longest;
  CHECK(judged.tick(cut_off, s.at()) == std::vector<node_id>{{3}});
  CHECK(s.out.syncs.empty());
  s.now += s.settings.dead_kept_for;
  CHECK(judged.tick(cut_off, s.at()) == std::vector<node_id>{{2}});
}

TEST_CASE("time that this node missed, or that a suspect is given anew, counts for no suspicion") {
  step_fixture s;
  s.add_up_to(9);
  verdicts judged(s.settings);
  accuse(judged, s, 2, {3});
  const auto due = judged.next_deadline(s.settings);
  judged.postpone_all(10s);
  CHECK(judged.next_deadline(s.settings) == due + 10s);
  judged.restart_all(s.now + 3s);
  CHECK(judged.next_deadline(s.settings) == due + 3s);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("independent accusers make a suspicion short, the same one does not") {
  core_fixture s;
  s.meet(9);
  s.gossip(3, {accused(2, state::suspect, 3)});
  for (int i = 0; i < 5; ++i) s.gossip(3, {accused(2, state::suspect, 3)});
  s.run(6s);
  CHECK(s.seen(2) == state::suspect);
  for (const std::uint64_t accuser : {4, 5, 6}) s.gossip(accuser, {accused(2, state::suspect, accuser)});
  s.run(1s);
  CHECK(s.seen(2) == state::dead);
  CHECK(s.node.counted().stalls == 0);
}

TEST_CASE("an answered call counts as an ack, and keeps a suspect from being buried") {
  core_fixture s;
  s.meet(2);
  for (int i = 0; i < 300; ++i) {
    s.run(100ms, [](std::uint64_t) { return false; });
    s.node.heard_from(life_of(2), s.now);
    s.node.heard_from(life_of(2, 9), s.now);
    s.node.heard_from(life_of(99), s.now);
  }
  CHECK(s.seen(2) == state::alive);
  s.gossip(3, {accused(2, state::suspect, 3)});
  for (int i = 0; i < 100; ++i) {
    s.run(100ms, [](std::uint64_t) { return false; });
    s.node.heard_from(life_of(2), s.now);
  }
  CHECK(s.seen(2) == state::suspect);
  s.run(7s, [](std::uint64_t) { return false; });
  CHECK(s.seen(2) == state::dead);
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
