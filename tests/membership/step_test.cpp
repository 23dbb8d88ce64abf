// What parts may do: packets, news, events.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/step.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("a packet says who sends it, and its digest where it is compared") {
  step_fixture s;
  const auto at = s.at();
  for (const auto kind : {packet_kind::ping, packet_kind::ack, packet_kind::nack, packet_kind::gossip}) {
    const auto begun = at.start(kind);
    CHECK(begun.from == life_of(1));
    CHECK(begun.from_address == address_of(1));
    CHECK((begun.digest != 0) == (kind == packet_kind::ping || kind == packet_kind::ack));
  }
  CHECK(at.start_ping(life_of(2)).sequence == 1000);
  CHECK(at.start_ping(life_of(2)).sequence == 1001);
  s.settings.digests = false;
  CHECK(at.start(packet_kind::ping).digest == 0);
}

TEST_CASE("suspects, the dead, and earlier lives hear first what is believed of them; others hear the news") {
  step_fixture s;
  s.add_up_to(5);
  const auto at = s.at();
  s.table.set_state(s.known(2), state::suspect, {{3}}, s.random, s.now);
  s.table.set_state(s.known(3), state::dead, {{4}}, s.random, s.now);
  CHECK(at.needs_note(life_of(2)));
  CHECK(at.needs_note(life_of(3)));
  CHECK(at.needs_note(life_of(4, 9)));
  CHECK_FALSE(at.needs_note(life_of(4)));
  CHECK_FALSE(at.needs_note(life_of(4, 11)));  // a later life than this node knows
  CHECK_FALSE(at.needs_note(life_of(77)));
  CHECK_FALSE(at.needs_note(life_of(1, 9)));
  at.announce(s.known(5), urgency::join, carry::version_only);
  auto gossip = at.start(packet_kind::gossip);
  at.fill(gossip, life_of(2));
  REQUIRE(gossip.updates.size() == 2);
  CHECK(gossip.receiver == life_of(2));
  CHECK(gossip.updates[0].state == state::suspect);
  CHECK(gossip.updates[1].subject == life_of(5));
  s.settings.buddies = false;
  CHECK_FALSE(at.needs_note(life_of(2)));
  CHECK(at.needs_note(life_of(3)));
}

TEST_CASE("whoever is warned hears what is believed of it, and news only where it is likely to be there") {
  step_fixture s;
  s.add_up_to(3);
  const auto at = s.at();
  at.announce(s.known(3), urgency::join, carry::version_only);
  auto belief = about(2, state::dead);
  at.warn(belief, cargo::note);
  at.warn(belief, cargo::news);
  const auto pings = sent(s.out, packet_kind::ping);
  REQUIRE(pings.size() == 2);
  for (const auto& ping : pings) {
    CHECK(ping.target == life_of(2));
    CHECK(ping.updates[0].state == state::dead);
  }
  CHECK(pings[0].updates.size() == 1);
  CHECK(pings[1].updates.size() == 2);
  CHECK(s.out.packets[0].to == address_of(2));
  CHECK(s.counted.pings == 2);
}

TEST_CASE("whom to pick: live ones, neither this node nor the one excepted") {
  step_fixture s;
  s.add_up_to(5);
  s.table.set_state(s.known(2), state::dead, {}, s.random, s.now);
  for (int i = 0; i < 20; ++i) {
    const auto picked = s.at().pick_live(9, {3});
    CHECK(picked.size() == 2);
    for (const auto who : picked) CHECK((who == node_id{4} || who == node_id{5}));
  }
}

TEST_CASE("a change presses, bad news does not, and the forgotten are no news any more") {
  step_fixture s;
  s.add_up_to(3);
  const auto at = s.at();
  at.happened(event_kind::suspected, s.known(2));
  CHECK(s.events.next_deadline() == s.now);  // the first
  std::vector<event> all;
  s.events.release_all(s.now, all);
  at.happened(event_kind::suspected, s.known(2));
  CHECK(s.events.next_deadline() > s.now);
  at.happened(event_kind::changed, s.known(3));
  CHECK(s.events.next_deadline() < s.now);
  s.table.set_state(s.known(2), state::dead, {}, s.random, s.now);
  at.announce(s.known(2), urgency::failure, carry::version_only);
  at.forget({2});
  CHECK_FALSE(s.gossip.news().contains({2}));
  CHECK(s.table.find({2}) == nullptr);
  CHECK(s.happenings().back() == event_kind::forgotten);
}

// --- In a core ------------------------------------------------------------------------------------------

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
