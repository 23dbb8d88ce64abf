// The closer look at peers that packets were lost to.
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/loss_watch.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

/// The usual loss is known, and it is none.
void know_usual_loss(step_fixture& s) { s.probes_answered(2, 17); }

}  // namespace

TEST_CASE("nobody is looked at before the usual loss is known, while everybody loses, or where enough look") {
  step_fixture s;
  s.add_up_to(20);
  loss_watch looks(30);
  looks.watch({2}, s.at());
  CHECK(looks.next_deadline() == never);
  s.probes_answered(2, 17, answer::rescued);
  looks.watch({2}, s.at());
  CHECK(looks.next_deadline() == never);  // its own network
  know_usual_loss(s);
  for (const std::uint64_t observer : {11, 12, 13, 14}) s.table.report_losses({observer}, {}, {{2}}, 3);
  looks.watch({2}, s.at());
  CHECK(looks.next_deadline() == never);
  looks.watch({3}, s.at());
  CHECK(looks.next_deadline() == s.now);
}

TEST_CASE("who is looked at is pinged twice a period, and pings that go unanswered are judged") {
  step_fixture s;
  s.add_up_to(20);
  know_usual_loss(s);
  loss_watch looks(30);
  looks.watch({2}, s.at());
  int pings = 0;
  bool judged = false;
  for (const auto end = s.now + 3s; s.now < end; s.now = looks.next_deadline()) {
    judged |= looks.tick(s.at());
    pings += static_cast<int>(sent(s.take(), packet_kind::ping).size());
  }
  CHECK(pings == 6);
  CHECK(judged);
  CHECK(looks.lossy() == std::vector<node_id>{{2}});
  looks.forget_all();
  looks.abandon_pings();
  CHECK(looks.lossy().empty());
  CHECK(looks.next_deadline() == never);
}

TEST_CASE("an ack to such a ping is a sign of life, and one of another's is not") {
  step_fixture s;
  s.add_up_to(20);
  know_usual_loss(s);
  loss_watch looks(30);
  looks.watch({2}, s.at());
  CHECK_FALSE(looks.tick(s.at()));
  const auto ping = sent(s.take(), packet_kind::ping).at(0);
  auto other = step_fixture::ack_of(ping);
  other.from = life_of(3);
  CHECK_FALSE(looks.receive_ack(other, s.at()));
  CHECK(looks.receive_ack(step_fixture::ack_of(ping), s.at()));
  CHECK(s.table.find_contact({2})->heard == s.now);
  CHECK_FALSE(looks.receive_ack(step_fixture::ack_of(ping), s.at()));
}

TEST_CASE("who is gone is looked at no more") {
  step_fixture s;
  s.add_up_to(20);
  know_usual_loss(s);
  loss_watch looks(30);
  looks.watch({2}, s.at());
  looks.watch({3}, s.at());
  looks.forget({3});
  s.table.set_state(s.known(2), state::dead, {}, s.random, s.now);
  CHECK_FALSE(looks.tick(s.at()));
  CHECK(s.out.packets.empty());
  CHECK(looks.next_deadline() == never);
}

// --- In a core ------------------------------------------------------------------------------------------

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
