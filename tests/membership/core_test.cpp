// One core, spoken to packet by packet in virtual time.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("a joiner asks its seeds again and again until one answers") {
  core_fixture s;
  CHECK(s.node.joined());
  s.node.join({address_of(2), address_of(3)}, s.now, s.out);
  CHECK_FALSE(s.node.joined());
  CHECK(s.take().syncs.size() == 2);
  s.run(3s);
  CHECK(s.take().syncs.size() >= 4);
  s.merge(2, {about(2)});
  CHECK(s.node.joined());
  CHECK(kinds(s.out) == happened{event_kind::joined});
  REQUIRE(sent(s.out, packet_kind::gossip).size() == 1);  // it introduces itself at once
  CHECK(find(sent(s.out, packet_kind::gossip)[0], 1));
}

TEST_CASE("a seed that is the node itself counts as answered, the others are asked all the same") {
  core_fixture s;
  s.node.join({address_of(1), address_of(2)}, s.now, s.out);
  CHECK(s.node.joined());
  CHECK(s.out.syncs == std::vector<endpoint>{address_of(2)});
  s.take();
  s.run(3s);
  CHECK(asked(s.out, 2));  // alone, it keeps trying
}

TEST_CASE("a joiner does not gossip what it has just been told") {
  core_fixture s;
  std::vector<update> all;
  for (std::uint64_t peer = 2; peer < 100; ++peer) all.push_back(about(peer));
  s.merge(2, all);
  s.run(5s);
  for (const auto& gossip : sent(s.out, packet_kind::gossip)) {
    CHECK(gossip.updates.size() == 1);
    CHECK(find(gossip, 1));
  }
  CHECK(s.node.members().size() == 99);
}

TEST_CASE("a ping is acked with its sequence; one for another process is not") {
  core_fixture s;
  s.ping(2);
  auto acks = sent(s.take(), packet_kind::ack);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].sequence == 77);
  CHECK(acks[0].target == life_of(1));
  auto stray = s.from(2, packet_kind::ping, {about(3)});
  stray.target = life_of(5);
  s.receive(stray);
  stray.target = life_of(1, 11);
  s.receive(stray);
  s.receive(s.from(1, packet_kind::gossip, {about(3)}));  // its own echo
  stray.from = {};
  s.receive(stray);
  CHECK(s.out.packets.empty());
  CHECK_FALSE(s.knows(3));
  CHECK(s.node.counted().ignored_packets == 4);
}

TEST_CASE("a ping for an earlier life is answered with the present one") {
  core_fixture s;
  auto stray = s.from(2, packet_kind::ping);
  stray.target = life_of(1, 3);
  s.receive(stray);
  REQUIRE(s.out.packets.size() == 1);
  CHECK(s.out.packets[0].what.kind == packet_kind::gossip);
  CHECK(find(s.out.packets[0].what, 1)->subject == life_of(1));
}

TEST_CASE("a silent peer is probed, asked after, suspected, and then dead") {
  core_fixture s;
  s.meet(6);
  const auto probe = s.next_probe();
  const auto silent = probe.target.node.value;
  s.take();
  const auto begun = s.now;
  const auto mute = [&](std::uint64_t peer) { return peer != silent; };
  s.run(600ms, mute);
  const auto requests = sent(s.take(), packet_kind::ping_request);
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].target == probe.target);
  CHECK(requests[0].target_address == address_of(silent));
  s.run(500ms, mute);
  CHECK(s.seen(silent) == state::suspect);
  CHECK(kinds(s.out) == happened{event_kind::suspected});
  CHECK(s.out.events[0].subject.accuser == node_id{1});
  const auto told = sent(s.take(), packet_kind::gossip);
  REQUIRE(told.size() == 3);
  for (const auto& gossip : told) CHECK(find(gossip, silent)->state == state::suspect);
  const auto longest = bounds_of(s.settings, 6).longest;
  auto other = accused(silent, state::suspect, silent == 3 ? 4 : 3);
  other.accuser_health = 8;  // its word shortens nothing
  s.gossip(silent == 3 ? 4 : 3, {other});
  s.run(begun + 1s + longest - 200ms - s.now, mute);
  CHECK(s.seen(silent) == state::suspect);
  s.run(2s, mute);
  CHECK(s.seen(silent) == state::dead);
  CHECK(kinds(s.out) == happened{event_kind::died});
  CHECK(s.node.counted().deaths == 1);
}

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

TEST_CASE("a late answer within the period counts, and teaches the round trip") {
  core_fixture s;
  s.meet(2);
  const auto probe = s.next_probe();
  s.run(800ms, [](std::uint64_t) { return false; });
  s.ack(probe);
  CHECK(s.node.find({2})->round_trip == 800ms);
  CHECK(s.node.counted().acks == 1);
  s.run(300ms);
  CHECK(s.seen(2) == state::alive);
}

TEST_CASE("where pings get lost often a peer is pinged again before it is suspected, and else not") {
  const auto pings_of_a_silent_one = [](core_fixture& s) {
    s.take();
    const auto probe = s.next_probe();
    s.run(990ms, [](std::uint64_t) { return false; });
    auto all = sent(s.take(), packet_kind::ping);
    std::erase_if(all, [&](const packet& each) { return each.target != probe.target; });
    return all;
  };
  core_fixture calm;
  calm.meet(20);
  calm.run(30s);
  CHECK(pings_of_a_silent_one(calm).size() == 1);

  core_fixture s;
  s.meet(20);
  // Every second ping of a peer gets lost; of those to the same peer the second arrives.
  int pings = 0;
  s.run(30s, [&](std::uint64_t) { return ++pings % 2 == 0; });
  CHECK(s.node.counted().suspicions == 0);
  const auto again = pings_of_a_silent_one(s);
  CHECK(again.size() >= 3);
  CHECK(again.size() <= 5);
  CHECK(again[0].sequence != again[1].sequence);  // what answers which ping tells whether the first was lost
  s.run(20ms, [](std::uint64_t) { return false; });
  CHECK(s.seen(again[0].target.node.value) == state::suspect);
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

TEST_CASE("a helper pings in another's place, sends a nack in time, and passes a later ack on") {
  core_fixture s;
  s.meet(3);
  auto request = s.from(2, packet_kind::ping_request);
  request.sequence = 500;
  request.target = life_of(9);  // known to the requester is enough
  request.target_address = address_of(9);
  s.receive(request);
  const auto pings = sent(s.take(), packet_kind::ping);
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].target == life_of(9));
  s.run(410ms);
  auto nacks = sent(s.take(), packet_kind::nack);
  REQUIRE(nacks.size() == 1);
  CHECK(nacks[0].sequence == 500);
  CHECK(nacks[0].target == life_of(9));
  s.ack(pings[0]);
  auto acks = sent(s.take(), packet_kind::ack);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].sequence == 500);
  CHECK(acks[0].target == life_of(9));
  s.ack(pings[0]);  // once
  CHECK(s.out.packets.empty());
  request.target_address = {};
  s.receive(request);
  CHECK(s.out.packets.empty());
}

TEST_CASE("missing nacks make a node doubt itself, answers make it trust itself again") {
  core_fixture s;
  s.meet(6);
  const auto probe = s.next_probe();
  const auto nobody = [](std::uint64_t) { return false; };
  s.run(600ms, nobody);
  const auto requests = s.take();
  int nacks = 0;
  for (const auto& one : requests.packets) {
    if (one.what.kind != packet_kind::ping_request || ++nacks > 2) continue;
    auto nack = s.from(one.to.address[15], packet_kind::nack);
    nack.sequence = one.what.sequence;
    nack.target = one.what.target;
    s.receive(nack);
    s.receive(nack);
  }
  s.run(500ms, nobody);
  CHECK(s.node.local_health() == 1);  // of three helpers one said nothing
  CHECK(s.seen(probe.target.node.value) == state::suspect);
  s.run(60s, nobody);
  CHECK(s.node.local_health() > 3);
  s.merge(2, {about(2, state::alive, 1), about(3, state::alive, 1)});
  s.run(60s);
  CHECK(s.node.local_health() == 0);
}

TEST_CASE("a suspect that refutes with a higher incarnation becomes alive") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.gossip(3, {about(2)});  // the old claim does not help
  CHECK(s.seen(2) == state::suspect);
  s.gossip(2, {about(2, state::alive, 1)});
  CHECK(kinds(s.out) == happened{event_kind::suspected, event_kind::refuted});
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.run(60s);
  CHECK(s.seen(2) == state::alive);
}

TEST_CASE("a node that hears of its own suspicion refutes at once, to whoever said so too") {
  core_fixture s;
  s.meet(6);
  s.ping(2, {accused(1, state::suspect, 3)});
  CHECK(s.node.self().incarnation == 1);
  CHECK(s.node.local_health() == 1);
  CHECK(kinds(s.out) == happened{event_kind::refuted});
  const auto all = s.take();
  CHECK(sent(all, packet_kind::gossip).size() == 3);
  CHECK(find(sent(all, packet_kind::ack)[0], 1)->incarnation == 1);
  s.gossip(2, {accused(1, state::dead, 3)});  // old by now, but its teller does not know
  CHECK(s.node.self().incarnation == 1);
  CHECK(find(sent(s.out, packet_kind::gossip)[0], 1)->incarnation == 1);
}

TEST_CASE("a ping to a suspect carries the suspicion first") {
  core_fixture s;
  s.meet(2);
  s.gossip(3, {accused(2, state::suspect, 3), about(4)});
  packet probe;
  do probe = s.next_probe();
  while (probe.target.node.value != 2);
  REQUIRE_FALSE(probe.updates.empty());
  CHECK(probe.updates[0].subject == life_of(2));
  CHECK(probe.updates[0].state == state::suspect);
}

TEST_CASE("whoever is held dead and speaks is told so") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.gossip(3, {accused(2, state::dead, 3)});
  s.take();
  s.ping(2);
  const auto acks = sent(s.take(), packet_kind::ack);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].updates[0].state == state::dead);
  s.gossip(2, {about(2, state::alive, 1)});
  CHECK(kinds(s.out) == happened{event_kind::refuted});
  CHECK(asked(s.out, 2));  // it was on the other side of something
}

TEST_CASE("a death without a suspicion before it is first a suspicion, and a stream never kills") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::dead, 3)});
  CHECK(s.seen(2) == state::suspect);
  s.merge(3, {about(3), accused(2, state::dead, 3), accused(4, state::dead, 3)});
  CHECK(s.seen(2) == state::suspect);
  CHECK(s.seen(4) == state::suspect);
  s.gossip(3, {accused(2, state::dead, 3)});  // the same packet once more
  CHECK(s.seen(2) == state::suspect);
  s.gossip(5, {accused(2, state::dead, 3)});
  CHECK(s.seen(2) == state::dead);
  CHECK(kinds(s.out) == happened{event_kind::suspected, event_kind::suspected, event_kind::died});
}

TEST_CASE("the dead are tried again, with the note, and come back by themselves") {
  core_fixture s;
  s.meet(2);
  s.run(10s, [](std::uint64_t) { return false; });
  REQUIRE(s.seen(2) == state::dead);
  s.take();
  s.run(5s, [](std::uint64_t) { return false; });
  const auto pings = sent(s.take(), packet_kind::ping);
  REQUIRE(pings.size() >= 3);
  CHECK(pings[0].target == life_of(2));
  CHECK(pings[0].updates[0].state == state::dead);
  auto answer = s.from(2, packet_kind::ack, {about(2, state::alive, 1)});
  s.receive(answer);
  CHECK(s.seen(2) == state::alive);
}

TEST_CASE("a merge with the other side of a split warns those held dead here") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.gossip(3, {accused(2, state::dead, 3)});
  s.take();
  s.merge(5, {about(5), about(2)});
  CHECK(s.seen(2) == state::dead);
  const auto pings = sent(s.out, packet_kind::ping);
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].target == life_of(2));
}

TEST_CASE("a merge warns those who are buried here as strangers, and alive elsewhere") {
  core_fixture s;
  s.meet(3);
  s.merge(2, {accused(7, state::dead, 3, 4)});
  s.take();
  s.merge(3, {about(7, state::alive, 4)});
  CHECK_FALSE(s.knows(7));
  const auto pings = sent(s.out, packet_kind::ping);
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].target == life_of(7));
  CHECK(pings[0].updates[0].state == state::dead);
  CHECK(pings[0].updates[0].incarnation == 4);
  s.gossip(7, {about(7, state::alive, 5)});
  CHECK(s.knows(7));
}

TEST_CASE("a restart supersedes the old life at once, whatever was held of it") {
  for (const auto before : {state::alive, state::suspect, state::left}) {
    core_fixture s;
    s.meet(6);
    if (before != state::alive) s.gossip(3, {accused(2, before, before == state::suspect ? 3 : 0)});
    s.gossip(3, {offering(2, 4, "old.Service")});
    s.take();
    s.gossip(3, {about(2, state::alive, 0, 11)});
    CHECK(kinds(s.out) == happened{event_kind::joined});
    CHECK(s.node.find({2})->self == life_of(2, 11));
    CHECK(s.node.find({2})->document.version == 0);
    CHECK(s.seen(2) == state::alive);
    s.take();
    s.gossip(3, {about(2, state::dead, 9, 10), offering(2, 9, "old.Service")});
    CHECK(s.out.events.empty());
    s.run(60s);
    CHECK(s.seen(2) == state::alive);
  }
}

TEST_CASE("of two processes with one name the later wins, and the earlier is told to stop") {
  SUBCASE("the earlier hears of it in an update") {
    core_fixture s;
    s.meet(3);
    s.gossip(2, {about(1, state::alive, 0, 11)});
    CHECK(kinds(s.out) == happened{event_kind::left});
    REQUIRE(s.out.notes.size() == 1);
    CHECK(s.out.notes[0].find("another process has started under the name 'node-1'") == 0);
    CHECK(s.node.next_deadline() == never);
    s.take();
    s.ping(2);
    s.node.tick(s.now + 1h, s.out);
    CHECK(s.out.packets.empty());
  }
  SUBCASE("the earlier hears the later itself") {
    core_fixture s;
    auto later = s.from(1, packet_kind::gossip);
    later.from = life_of(1, 11);
    later.from_address = address_of(50);
    s.receive(later);
    CHECK(s.node.self().state == state::left);
  }
  SUBCASE("the later tells the earlier") {
    core_fixture s;
    auto earlier = s.from(1, packet_kind::gossip);
    earlier.from = life_of(1, 9);
    earlier.from_address = address_of(50);
    s.receive(earlier);
    REQUIRE(s.out.packets.size() == 1);
    CHECK(s.out.packets[0].to == address_of(50));
    CHECK(s.out.packets[0].what.updates[0].subject == life_of(1));
    CHECK(s.node.self().state == state::alive);
  }
  SUBCASE("others who hold the earlier are told of the later") {
    core_fixture s;
    s.meet(4);
    s.run(5s);
    s.take();
    s.ping(2, {about(1, state::alive, 3, 9)});
    CHECK(find(sent(s.out, packet_kind::ack)[0], 1)->subject == life_of(1));
  }
}

TEST_CASE("a leave is final, refutes nothing, and is over when enough have acknowledged it") {
  core_fixture s;
  s.meet(9);
  s.node.leave(s.now, s.out);
  CHECK(kinds(s.out) == happened{event_kind::left});
  const auto farewells = sent(s.take(), packet_kind::ping);
  REQUIRE(farewells.size() == 4);
  CHECK(find(farewells[0], 1)->state == state::left);
  s.ping(2, {accused(1, state::suspect, 3)});
  s.node.set_mode(mode::ready, s.now, s.out);
  CHECK(s.out.packets.empty());
  CHECK(s.out.events.empty());
  for (int i = 0; i < 3; ++i) s.ack(farewells[static_cast<std::size_t>(i)]);
  s.ack(farewells[0]);  // twice is once
  CHECK_FALSE(s.node.leave_done());
  s.run(300ms, [](std::uint64_t) { return false; });
  const auto again = sent(s.take(), packet_kind::ping);
  REQUIRE(again.size() == 1);
  for (int i = 0; i < 3; ++i) CHECK(again[0].target != farewells[static_cast<std::size_t>(i)].target);
  s.ack(farewells[3]);  // late, but it counts
  CHECK(s.node.leave_done());
  s.run(5s);  // the rest of its budget, and then silence
  CHECK_FALSE(sent(s.out, packet_kind::gossip).empty());
  CHECK(sent(s.out, packet_kind::ping).empty());
  CHECK(s.node.next_deadline() == never);
}

TEST_CASE("a leave that nobody acknowledges is over after its limit, and at once for who is alone") {
  core_fixture s;
  s.node.leave(s.now, s.out);
  CHECK(s.node.leave_done());
  core_fixture unheard;
  unheard.meet(3);
  CHECK_FALSE(unheard.node.leave_done());
  unheard.node.leave(unheard.now, unheard.out);
  unheard.run(1900ms, [](std::uint64_t) { return false; });
  CHECK_FALSE(unheard.node.leave_done());
  unheard.run(200ms, [](std::uint64_t) { return false; });
  CHECK(unheard.node.leave_done());
}

TEST_CASE("who left stays so in that life, and no later than minutes is forgotten") {
  core_fixture s;
  s.meet(6);
  s.gossip(2, {about(2, state::left)});
  CHECK(kinds(s.take()) == happened{event_kind::left});
  s.gossip(3, {about(2, state::alive, 5), accused(2, state::dead, 3, 9)});
  CHECK(s.out.events.empty());
  s.run(6min);
  CHECK_FALSE(s.knows(2));
  CHECK(kinds(s.take()) == happened{event_kind::forgotten});
  s.gossip(3, {about(2, state::alive, 5)});  // a sleeper's old news
  s.merge(3, {about(2, state::alive, 5)});
  CHECK_FALSE(s.knows(2));
  s.gossip(3, {about(2, state::alive, 0, 11)});
  CHECK(s.knows(2));
}

TEST_CASE("the dead are forgotten after their time and do not rise by old news") {
  options brief;
  brief.dead_kept_for = 30s;
  core_fixture s(brief);
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.gossip(3, {accused(2, state::dead, 3)});
  s.run(45s);
  CHECK_FALSE(s.knows(2));
  s.gossip(3, {about(2)});
  CHECK_FALSE(s.knows(2));
  s.gossip(2, {about(2, state::alive, 1)});  // its own refutation
  CHECK(s.knows(2));
}

TEST_CASE("strangers who are gone already are not taken in, so ghosts do not go round") {
  core_fixture s;
  s.meet(3);
  s.merge(2, {accused(7, state::dead, 3), about(8, state::left)});
  CHECK_FALSE(s.knows(7));
  CHECK_FALSE(s.knows(8));
  CHECK(s.out.events.empty());
  s.gossip(2, {about(7), about(8)});
  CHECK_FALSE(s.knows(7));
  CHECK_FALSE(s.knows(8));
}

TEST_CASE(
    "a stranger who is only heard of as a suspect is not taken in, also where no tombstone tells of it") {
  core_fixture s;
  s.meet(3);
  s.gossip(2, {accused(7, state::suspect, 3)});
  CHECK_FALSE(s.knows(7));
  s.merge(2, {accused(7, state::suspect, 3)});
  CHECK_FALSE(s.knows(7));
  CHECK(s.out.events.empty());
  s.gossip(2, {about(7, state::alive, 1)});  // it has refuted
  CHECK(s.knows(7));
}

TEST_CASE("beyond the most members a joiner is counted, noted once, and not seen; the dead make room") {
  auto small = core_fixture::prompt();
  small.members_max = 4;
  core_fixture s(small);
  s.meet(4);
  s.gossip(2, {about(5), about(6)});
  CHECK(s.node.members().size() == 4);
  CHECK(s.node.counted().dropped_members == 2);
  CHECK(s.out.notes.size() == 1);
  s.gossip(3, {about(3, state::left)});
  s.gossip(2, {about(5)});
  CHECK(s.knows(5));
  CHECK_FALSE(s.knows(3));
}

TEST_CASE("a document's higher version replaces the lower, never the other way") {
  core_fixture s;
  s.meet(3);
  s.gossip(2, {offering(2, 2, "shop.Cart")});
  CHECK(kinds(s.take()) == happened{event_kind::changed});
  s.gossip(2, {offering(2, 1, "old.Cart"), offering(2, 2, "other.Cart")});
  CHECK(s.out.events.empty());
  CHECK(s.node.find({2})->document.services[0].name == "shop.Cart");
  s.gossip(2, {offering(2, 3, "new.Cart")});
  CHECK(s.node.find({2})->document.version == 3);
}

TEST_CASE("a document that is announced but not carried is fetched from the teller, at a bounded rate") {
  core_fixture s;
  s.meet(6);
  auto bare = about(2);
  bare.registration_version = 7;
  s.gossip(3, {bare});
  CHECK(s.take().syncs == std::vector<endpoint>{address_of(3)});
  for (int i = 0; i < 10; ++i) s.gossip(4, {bare});
  CHECK(s.out.syncs.empty());
  s.run(1100ms);
  CHECK(asked(s.take(), 4));
  s.merge(4, {offering(2, 7, "shop.Cart")});
  CHECK(kinds(s.out) == happened{event_kind::changed});
}

TEST_CASE("publishing raises the version and tells at once; the same again does nothing") {
  core_fixture s;
  s.meet(6);
  s.node.publish({{"shop.Cart", 1, 100}}, "east", s.now, s.out);
  CHECK(s.node.self().document_version() == 1);
  const auto told = sent(s.out, packet_kind::gossip);
  REQUIRE(told.size() == 3);
  CHECK(find(told[0], 1)->document->zone == "east");
  s.take();
  s.node.publish({{"shop.Cart", 1, 100}}, "east", s.now, s.out);
  CHECK(s.out.events.empty());
  s.node.publish(std::vector<service_entry>(400, {"shop.Cart", 1, 100}), "east", s.now, s.out);
  CHECK(s.out.notes.size() == 1);
  s.node.publish({{"", 1, 100}}, "east", s.now, s.out);
  CHECK(s.out.notes.size() == 2);
  CHECK(s.node.self().document_version() == 1);
}

TEST_CASE("a change of mode raises the incarnation, so that others take it over") {
  core_fixture s;
  s.meet(3);
  s.node.set_mode(mode::ready, s.now, s.out);
  s.node.set_mode(mode::ready, s.now, s.out);
  CHECK(s.node.self().incarnation == 1);
  CHECK(kinds(s.take()) == happened{event_kind::changed});
  auto draining = about(2, state::alive, 1);
  draining.mode = mode::draining;
  s.gossip(2, {draining});
  CHECK(kinds(s.out) == happened{event_kind::changed});
  CHECK(s.node.find({2})->mode == mode::draining);
}

TEST_CASE(
    "a ping from a view that differs is answered with the latest news, though it was told often enough") {
  core_fixture s;
  s.meet(9);
  s.gossip(2, {about(3, state::left), about(4, state::alive, 1)});
  s.run(10s);
  s.take();
  const auto answer = [&](std::uint64_t digest) {
    auto ping = s.from(5, packet_kind::ping);
    ping.target = life_of(1);
    ping.digest = digest;
    s.receive(ping);
    return sent(s.take(), packet_kind::ack).at(0);
  };
  CHECK(answer(s.digest()).updates.empty());
  CHECK(answer(0).updates.empty());  // it has none
  const auto told = answer(s.digest() + 1);
  REQUIRE(find(told, 3));
  CHECK(find(told, 3)->state == state::left);
  CHECK(find(told, 4)->incarnation == 1);
  CHECK(size_bound(told) <= s.settings.packet_bytes_max);
  CHECK(sent(s.out, packet_kind::gossip).empty());
  int times = 1;
  while (!answer(s.digest() + 1).updates.empty() && times < 100) ++times;
  CHECK(times <= 8);  // up to the budget once more, and then a sync has to find out
}

TEST_CASE("a suspect is probed out of turn by a few of those who hear of it") {
  auto all = core_fixture::prompt();
  all.suspicion_witnesses = 16;  // of fewer others: everybody
  core_fixture s(all);
  s.meet(9);
  s.run(5s);
  for (const std::uint64_t suspect : {4, 7, 2}) {
    s.gossip(3, {accused(suspect, state::suspect, 3, s.node.find({suspect})->incarnation)});
    const auto probe = s.next_probe();
    CHECK(probe.target == life_of(suspect));
    s.ack(probe);
    s.gossip(suspect, {about(suspect, state::alive, s.node.find({suspect})->incarnation + 1)});
    s.run(3s);
  }
  s.gossip(3, {accused(5, state::suspect, 3)});
  s.gossip(5, {about(5, state::alive, 1)});  // cleared before its turn
  s.take();
  s.run(16s);
  std::set<std::uint64_t> probed;
  for (const auto& ping : sent(s.out, packet_kind::ping)) probed.insert(ping.target.node.value);
  CHECK(probed.size() == 8);
}

TEST_CASE("five pings or acks in a row with another digest start an exchange, an equal one forgives") {
  auto quiet = core_fixture::prompt();
  quiet.exchange_period = 1h;
  core_fixture s(quiet);
  s.meet(2);
  s.run(5s);  // what there was to tell is told, the looks after joining are over
  s.take();
  const auto own = s.digest();
  const auto answer = [&](std::uint64_t digest) { s.ack(s.next_probe(), digest); };
  const auto ask = [&](std::uint64_t digest) {
    auto ping = s.from(2, packet_kind::ping);
    ping.target = life_of(1);
    ping.digest = digest;
    s.receive(ping);
  };
  for (const auto digest : {own + 1, own + 1, own, own + 1, own + 1}) {
    answer(digest);
    ask(digest);
  }
  CHECK(s.out.syncs.empty());
  answer(own + 1);
  CHECK(s.out.syncs == std::vector<endpoint>{address_of(2)});
  s.take();
  s.node.sync_failed();
  answer(own + 1);
  s.run(1s);
  CHECK(asked(s.out, 2));
}

TEST_CASE("nodes that hold the same have the same digest, in whatever order they learned it") {
  core_fixture a, b;
  a.merge(2, {about(2), about(1), offering(3, 2, "x"), about(4), accused(4, state::suspect, 2)});
  b.gossip(2, {about(4), about(9)});
  b.gossip(2, {accused(4, state::suspect, 2)});
  b.gossip(2, {offering(3, 2, "x"), about(2), about(9, state::left)});
  a.ping(2);
  b.ping(2);
  CHECK(sent(a.out, packet_kind::ack)[0].digest == sent(b.out, packet_kind::ack)[0].digest);
}

TEST_CASE("a node that was stopped accuses nobody of its own absence") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  const auto probe = s.next_probe();
  s.take();
  s.now += 100s;
  s.node.tick(s.now, s.out);
  CHECK(s.out.events.empty());
  CHECK(s.node.counted().stalls == 1);
  CHECK(s.node.local_health() == 1);
  CHECK(s.seen(probe.target.node.value) != state::dead);
}

TEST_CASE("an isolated node does not come back with its list of the dead") {
  core_fixture s;
  s.meet(3);
  s.run(30s, [](std::uint64_t) { return false; });
  REQUIRE(s.seen(2) == state::dead);
  REQUIRE(s.seen(3) == state::dead);
  s.take();
  s.merge(4, {about(4)});
  s.run(2s);
  for (const auto& gossip : sent(s.out, packet_kind::gossip)) CHECK_FALSE(find(gossip, 2));
}

TEST_CASE("updates beyond their bounds change nothing") {
  core_fixture s;
  s.meet(3);
  auto nameless = about(7);
  nameless.who = make_attributes("", address_of(7));
  auto nowhere = about(7);
  nowhere.who = make_attributes("node-7", {});
  auto endless = about(2, state::alive, std::uint64_t{1} << 60);
  auto ageless = about(7, state::alive, 0, 0);
  auto heavy = offering(7, 1, "x");
  heavy.document = std::make_shared<const registration>(registration{1, "", {{"x", 1, 0}}});
  auto bodiless = about(7);
  bodiless.who.reset();
  auto lagging = about(7);
  lagging.worker_lag = worker_lag_max + 1;
  auto unsorted = about(7);
  unsorted.who = make_attributes("node-7", address_of(7), {{5}, {4}});
  s.gossip(2, {nameless, nowhere, endless, ageless, heavy, bodiless, lagging, unsorted});
  CHECK(s.node.counted().ignored_updates == 8);
  CHECK(s.node.members().size() == 3);
  CHECK(s.node.find({2})->incarnation == 0);
}

TEST_CASE("a node that others hold for left stops and says why") {
  core_fixture s;
  s.meet(3);
  s.gossip(2, {about(1, state::left)});
  CHECK(kinds(s.out) == happened{event_kind::left});
  CHECK(s.out.notes.size() == 1);
}

TEST_CASE("one peer is exchanged with per period, however large the cluster") {
  const auto exchanges_in_an_hour = [](std::uint64_t last) {
    core_fixture s;
    s.meet(last);
    s.run(1min);
    s.take();
    s.run(1h);
    return static_cast<double>(s.out.syncs.size());
  };
  CHECK(exchanges_in_an_hour(3) == doctest::Approx(120).epsilon(0.1));
  CHECK(exchanges_in_an_hour(199) == doctest::Approx(120).epsilon(0.1));
}
