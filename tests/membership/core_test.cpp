// One core, spoken to packet by packet in virtual time: what none of its parts does alone.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

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

TEST_CASE("a node that others hold for left stops and says why") {
  core_fixture s;
  s.meet(3);
  s.gossip(2, {about(1, state::left)});
  CHECK(kinds(s.out) == happened{event_kind::left});
  CHECK(s.out.notes.size() == 1);
}
