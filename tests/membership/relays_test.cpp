// Pings in others' places.
#include <cstddef>

#include <doctest/doctest.h>

#include <troupe/membership/relays.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

packet request_for(std::uint64_t target, std::uint64_t sequence = 500) {
  auto request = step_fixture::from(2, packet_kind::ping_request);
  request.sequence = sequence;
  request.target = life_of(target);
  request.target_address = address_of(target);
  return request;
}

}  // namespace

TEST_CASE("an ack is passed on only to whoever asked, only from whom it is, and only once") {
  step_fixture s;
  s.add(2);
  relays open;
  open.accept(request_for(9), address_of(2), s.at());
  const auto pings = sent(s.take(), packet_kind::ping);
  REQUIRE(pings.size() == 1);
  auto stray = step_fixture::ack_of(pings[0]);
  stray.from = life_of(8);
  CHECK_FALSE(open.pass_on(stray, s.at()));
  CHECK(open.pass_on(step_fixture::ack_of(pings[0]), s.at()));
  REQUIRE(s.out.packets.size() == 1);
  CHECK(s.out.packets[0].to == address_of(2));
  CHECK(s.out.packets[0].what.kind == packet_kind::ack);
  CHECK(s.out.packets[0].what.sequence == 500);
  CHECK_FALSE(open.pass_on(step_fixture::ack_of(pings[0]), s.at()));
  CHECK(open.size() == 0);
}

TEST_CASE("a relay says nack once and in time, takes a late ack, and ends with the requester's period") {
  step_fixture s;
  relays open;
  open.accept(request_for(9), address_of(2), s.at());
  s.take();
  s.now = open.next_deadline();
  open.tick(s.at());
  CHECK(sent(s.take(), packet_kind::nack).size() == 1);
  open.tick(s.at());
  CHECK(s.out.packets.empty());
  CHECK(open.size() == 1);
  s.now = open.next_deadline();
  open.tick(s.at());
  CHECK(open.size() == 0);
  CHECK(s.out.packets.empty());
  CHECK(open.next_deadline() == never);
}

TEST_CASE("requests without sense, and more than may be open, are counted and ignored") {
  step_fixture s;
  relays open;
  open.accept(request_for(1), address_of(2), s.at());  // this node itself
  auto nowhere = request_for(9);
  nowhere.target_address = {};
  open.accept(nowhere, address_of(2), s.at());
  CHECK(s.counted.ignored_packets == 2);
  for (std::size_t i = 0; i < relays::open_max + 5; ++i)
    open.accept(request_for(9, i), address_of(2), s.at());
  CHECK(open.size() == relays::open_max);
  CHECK(s.counted.dropped_relays == 5);
  CHECK(s.out.packets.size() == relays::open_max);
  open.clear();
  CHECK(open.size() == 0);
}

// --- In a core ------------------------------------------------------------------------------------------

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
