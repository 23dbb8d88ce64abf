// When those who are gone are forgotten, and who first.
#include <doctest/doctest.h>

#include <troupe/membership/departed.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

void depart(step_fixture& s, std::uint64_t node, state as) {
  s.table.set_state(s.known(node), as, {}, s.random, s.now);
  s.gone.note({node}, as, s.now);
}

}  // namespace

TEST_CASE("whoever has been gone for longest makes room, and nobody who came back") {
  step_fixture s;
  s.add_up_to(5);
  for (const std::uint64_t node : {2, 3, 4}) {
    depart(s, node, node == 3 ? state::dead : state::left);
    s.now += 1s;
  }
  s.table.set_state(s.known(2), state::alive, {}, s.random, s.now);
  s.gone.make_room(s.at());
  CHECK(s.table.find({3}) == nullptr);
  CHECK(s.table.buried().find({3})->state == state::dead);
  CHECK(s.happenings() == happened{event_kind::forgotten});
  s.gone.make_room(s.at());
  CHECK(s.table.find({4}) == nullptr);
  s.gone.make_room(s.at());
  CHECK(s.table.everybody().size() == 3);  // 1, 2 and 5 live
}

TEST_CASE(
    "who left is forgotten after five minutes, the dead after dead_kept_for, looked at every ten seconds") {
  step_fixture s;
  s.settings.dead_kept_for = 1h;
  s.add_up_to(4);
  depart(s, 2, state::left);
  depart(s, 3, state::dead);
  const auto start = s.now;
  const auto forgotten_after = [&](std::uint64_t node) {
    while (s.table.find({node}) != nullptr) {
      s.now = s.gone.next_deadline();
      s.gone.tick(s.at());
    }
    return s.now - start;
  };
  CHECK(forgotten_after(2) == 5min);
  CHECK(forgotten_after(3) == 1h);
  s.gone.tick(s.at());  // not yet time to look again
  CHECK(s.gone.next_deadline() == s.now + 10s);
}

// --- In a core ------------------------------------------------------------------------------------------

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
