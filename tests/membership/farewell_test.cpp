// Leaving: to whom it is said, how often, and when it is over.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/farewell.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

struct leaver : step_fixture {
  leaver() {
    add_up_to(9);
    table.set_state(table.self(), state::left, {}, random, now);
  }
  farewell one;
};

}  // namespace

TEST_CASE("a farewell goes to as many as are wanted, and again only in the place of who did not answer") {
  leaver s;
  s.one.begin(s.at());
  const auto first = sent(s.take(), packet_kind::ping);
  REQUIRE(first.size() == 4);
  for (const auto& ping : first) CHECK(find(ping, 1)->state == state::left);
  s.one.receive_ack(step_fixture::ack_of(first[0]), s.at());
  s.one.receive_ack(step_fixture::ack_of(first[0]), s.at());
  auto stray = step_fixture::ack_of(first[1]);
  stray.from = life_of(77);
  s.one.receive_ack(stray, s.at());
  CHECK_FALSE(s.one.is_over());
  s.now = s.one.next_deadline();
  s.one.tick(s.at());
  const auto second = sent(s.take(), packet_kind::ping);
  REQUIRE(second.size() == 3);
  for (const auto& ping : second) {
    CHECK(ping.target != first[0].target);
    s.one.receive_ack(step_fixture::ack_of(ping), s.at());
  }
  CHECK(s.one.is_over());
}

TEST_CASE("a farewell is over after its limit, and at once where nobody is there to hear it") {
  leaver s;
  CHECK(s.one.is_over());  // none has begun
  s.one.begin(s.at());
  const auto limit = s.now + s.settings.leave_limit;
  while (!s.one.is_over()) {
    s.now = s.one.next_deadline();
    CHECK(s.now <= limit);
    s.one.tick(s.at());
  }
  step_fixture alone;
  alone.table.set_state(alone.table.self(), state::left, {}, alone.random, alone.now);
  farewell unheard;
  unheard.begin(alone.at());
  CHECK(unheard.is_over());
  CHECK(alone.out.packets.empty());
}

// --- In a core ------------------------------------------------------------------------------------------

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
