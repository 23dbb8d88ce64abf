// Who is still there: probes, and how they end.
#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/prober.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

/// Runs the probe until its time is up, or until it ends.
std::optional<probe_end> run(prober& one, step_fixture& s, duration how_long) {
  for (const auto end = s.now + how_long; s.now < end;) {
    s.now += 1ms;
    if (const auto ended = one.tick(s.at())) return ended;
  }
  return std::nullopt;
}

/// The first probe, begun.
packet begin(prober& one, step_fixture& s, const open_suspicions& doubts = {}) {
  one.begin_by(s.now);
  one.begin_next(doubts, s.at());
  const auto pings = sent(s.take(), packet_kind::ping);
  REQUIRE(pings.size() == 1);
  return pings[0];
}

}  // namespace

TEST_CASE("a probe asks its target, then three helpers and a stream, and ends in silence with its period") {
  step_fixture s;
  s.add_up_to(6);
  s.probes_answered(2, 6);
  s.probes_answered(2, 6);  // nothing was lost so far
  prober one(s.now);
  const auto ping = begin(one, s);
  CHECK_FALSE(run(one, s, 499ms));
  CHECK(s.out.packets.empty());
  CHECK_FALSE(run(one, s, 500ms));
  const auto requests = sent(s.out, packet_kind::ping_request);
  REQUIRE(requests.size() == 3);
  for (const auto& request : requests) {
    CHECK(request.target == ping.target);
    CHECK(request.sequence == ping.sequence);
    CHECK(request.target_address == address_of(ping.target.node.value));
  }
  REQUIRE(s.out.stream_pings.size() == 1);
  CHECK(s.out.stream_pings[0].who == ping.target);
  one.receive_nack(
      step_fixture::from(requests[0].receiver.node.value, packet_kind::nack));  // of another ping
  auto nack = step_fixture::from(requests[0].receiver.node.value, packet_kind::nack);
  nack.sequence = ping.sequence;
  nack.target = ping.target;
  one.receive_nack(nack);
  const auto ended = run(one, s, 1ms);
  REQUIRE(ended);
  CHECK(ended->target == ping.target);
  CHECK(ended->how == answer::none);
  CHECK(ended->helpers_asked == 3);
  CHECK(ended->helpers_silent == 2);
  CHECK_FALSE(run(one, s, 10s));  // once
}

TEST_CASE("an ack from the target ends a probe; one to the first ping measures the round trip") {
  step_fixture s;
  s.add(2);
  prober one(s.now);
  const auto ping = begin(one, s);
  s.now += 80ms;
  auto other = step_fixture::ack_of(ping);
  other.sequence += 1;
  CHECK_FALSE(one.receive_ack(other, s.at()));
  auto stranger = step_fixture::ack_of(ping);
  stranger.from = stranger.target = life_of(2, 9);
  CHECK_FALSE(one.receive_ack(stranger, s.at()));
  const auto ended = one.receive_ack(step_fixture::ack_of(ping), s.at());
  REQUIRE(ended);
  CHECK(ended->how == answer::direct);
  CHECK(s.table.find_contact({2})->timing.smoothed() == 80ms);
  CHECK(s.table.find_contact({2})->heard == s.now);
  CHECK(s.counted.acks == 1);
  CHECK_FALSE(one.receive_ack(step_fixture::ack_of(ping), s.at()));
}

TEST_CASE("a target is rescued by a helper's ack, by a stream, and by whatever it said meanwhile") {
  step_fixture s;
  s.add_up_to(3);
  prober one(s.now);
  SUBCASE("a helper passes an ack on") {
    const auto ping = begin(one, s);
    auto passed_on = step_fixture::ack_of(ping);
    passed_on.from = ping.target == life_of(2) ? life_of(3) : life_of(2);
    CHECK(one.receive_ack(passed_on, s.at())->how == answer::rescued);
    CHECK(s.table.find_contact(ping.target.node) == nullptr);
  }
  SUBCASE("a stream reaches it") {
    const auto ping = begin(one, s);
    CHECK_FALSE(one.stream_answered({ping.target.node, {9}}, s.at()));
    CHECK(one.stream_answered(ping.target, s.at())->how == answer::rescued);
    CHECK(s.counted.stream_rescues == 1);
  }
  SUBCASE("a call was answered") {
    const auto ping = begin(one, s);
    s.now += 10ms;
    s.table.heard_from(ping.target, s.now);
    CHECK(run(one, s, 2s)->how == answer::rescued);
  }
}

TEST_CASE("a node that is not well probes less often, and waits longer") {
  step_fixture s;
  s.add(2);
  s.health.adjust(2);
  prober one(s.now);
  (void)begin(one, s);
  CHECK(one.next_deadline() == s.now + 3 * s.settings.probe_timeout_max);
  one.abandon();
  CHECK(one.next_deadline() == s.now + 3 * s.settings.probe_period);
  one.begin_by(s.now + 1s);
  CHECK(one.next_deadline() == s.now + 1s);
}

TEST_CASE("whom a roll call did not find is not probed while there are others") {
  step_fixture s;
  s.add_up_to(5);
  open_suspicions doubts;
  for (const std::uint64_t gone : {2, 3, 4}) {
    doubts.open({gone}, suspicion({1}, trust::full, bounds_of(s.settings, 5), s.now));
    doubts.set_certain({gone}, true);
  }
  prober one(s.now);
  for (int turn = 0; turn < 20; ++turn) CHECK(begin(one, s, doubts).target == life_of(5));
}

TEST_CASE("a probe that is abandoned, or whose target is gone, says nothing") {
  step_fixture s;
  s.add(2);
  prober one(s.now);
  const auto ping = begin(one, s);
  one.abandon(node_id{3});
  one.abandon(node_id{2});
  CHECK_FALSE(run(one, s, 990ms));
  CHECK_FALSE(one.receive_ack(step_fixture::ack_of(ping), s.at()));
  CHECK(s.out.packets.empty());
}

// --- In a core ------------------------------------------------------------------------------------------

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
