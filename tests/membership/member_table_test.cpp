// Everybody that a node knows, and what it holds of them.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/member_table.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("the sums follow every change, and only of who lives") {
  step_fixture s;
  const auto alone = s.table.sums().total();
  s.add(2);
  const auto both = s.table.sums().total();
  CHECK(both != alone);
  s.table.amend(s.known(2), [](known_node& its) { ++its.incarnation; });
  CHECK(s.table.sums().total() != both);
  s.table.amend(s.known(2), [](known_node& its) { --its.incarnation; });
  CHECK(s.table.sums().total() == both);
  s.table.set_state(s.known(2), state::suspect, {{1}}, s.random, s.now);
  CHECK(s.table.sums().total() == both);  // a suspicion is not settled
  s.table.set_state(s.known(2), state::dead, {{1}}, s.random, s.now);
  CHECK(s.table.sums().total() == alone);
  s.table.forget({2});
  CHECK(s.table.sums().total() == alone);
}

TEST_CASE("accusations are kept of suspects and the dead, the time of a state while it lasts") {
  step_fixture s;
  s.add_up_to(3);
  const auto before = s.now;
  s.now += 1s;
  s.table.set_state(s.known(2), state::suspect, {{3}, 4}, s.random, s.now);
  CHECK(s.table.accused_by({3}) == std::vector<node_id>{{2}});
  CHECK(s.known(2).since == s.now);
  CHECK(s.known(3).since == before);
  CHECK(s.table.describe(s.known(2), carry::version_only).accuser == node_id{3});
  CHECK(s.table.describe(s.known(2), carry::version_only).accuser_health == 4);
  CHECK(s.table.whole(s.known(2)).accuser == node_id{3});
  const auto since = s.now;
  s.now += 1s;
  s.table.set_state(s.known(2), state::suspect, {{1}}, s.random, s.now);
  CHECK(s.known(2).since == since);
  CHECK(s.table.accused_by({3}).empty());
  s.table.set_state(s.known(2), state::alive, {}, s.random, s.now);
  CHECK(s.table.find_accusation({2}) == nullptr);
}

TEST_CASE("the forgotten leave a tombstone and nothing else, and whoever comes takes it away") {
  step_fixture s;
  s.add(2);
  s.table.heard_from(life_of(2), s.now);
  s.table.set_state(s.known(2), state::dead, {{1}}, s.random, s.now);
  s.table.forget({2});
  CHECK(s.table.find({2}) == nullptr);
  CHECK(s.table.find_contact({2}) == nullptr);
  CHECK(s.table.find_accusation({2}) == nullptr);
  CHECK(*s.table.buried().find({2}) == claim{{10}, 0, state::dead});
  s.add(2);
  CHECK_FALSE(s.table.buried().find({2}));
}

TEST_CASE("of strangers and other lives nothing is noted as heard") {
  step_fixture s;
  s.add(2);
  s.table.heard_from(life_of(3), s.now);
  s.table.heard_from(life_of(2, 9), s.now);
  CHECK(s.table.find_contact({2}) == nullptr);
  CHECK(s.table.find_contact({3}) == nullptr);
  s.table.heard_from(life_of(2), s.now);
  CHECK(s.table.find_contact({2})->heard == s.now);
}

TEST_CASE("as many observers as are wanted make somebody degraded, which of the living is news") {
  step_fixture s;
  s.add_up_to(4);
  s.table.set_state(s.known(4), state::dead, {{1}}, s.random, s.now);
  CHECK(s.table.report_losses({2}, {}, {{3}, {4}, {77}}, 2).empty());
  CHECK(s.table.report_losses({1}, {}, {{3}, {4}, {77}}, 2) == std::vector<node_id>{{3}});
  CHECK(s.known(3).degraded);
  CHECK(s.known(4).degraded);
  CHECK(s.table.is_degraded({77}, 2));
  CHECK(s.table.whole(s.known(3)).observers == std::vector<node_id>{{1}, {2}});
  CHECK(s.table.report_losses({1}, {{3}, {4}, {77}}, {}, 2) == std::vector<node_id>{{3}});
  CHECK_FALSE(s.known(3).degraded);
  CHECK(s.table.report_losses({1}, {}, {{3}}, 0).empty());  // switched off
  CHECK_FALSE(s.table.is_degraded({3}, 0));
}

// --- In a core ------------------------------------------------------------------------------------------

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
