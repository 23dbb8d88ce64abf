// What a node says of its own condition, and how often.
#include <doctest/doctest.h>

#include <troupe/membership/self_report.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("a change is told with a new incarnation, the next one a while later, and none that is none") {
  step_fixture s;
  s.add_up_to(5);
  self_report says(s.settings, s.now);
  says.restate({}, s.at());
  CHECK(s.table.self().incarnation == 0);
  says.set_worker_lag(2);
  says.restate({}, s.at());
  CHECK(s.table.self().incarnation == 1);
  CHECK(s.table.self().worker_lag == 2);
  CHECK(s.happenings() == happened{event_kind::changed});
  CHECK(s.gossip.news().contains({1}));
  CHECK(says.next_deadline() == never);

  says.set_worker_lag(99);
  says.restate({}, s.at());
  CHECK(s.table.self().incarnation == 1);
  CHECK(says.next_deadline() == s.now + s.settings.restate_interval);
  s.now = says.next_deadline();
  CHECK(says.is_due(s.now));
  says.restate({}, s.at());
  CHECK(s.table.self().worker_lag == worker_lag_max);
  CHECK(says.next_deadline() == never);
}

TEST_CASE("whom a node loses packets to it says without an event of its own, and counts as an observer") {
  step_fixture s;
  s.add_up_to(5);
  s.settings.degraded_observers = 1;
  self_report says(s.settings, s.now);
  says.restate({{3}}, s.at());
  CHECK(s.table.self().who->lossy == std::vector<node_id>{{3}});
  CHECK(s.table.self().who->name == "node-1");
  CHECK(s.known(3).degraded);
  CHECK(s.happenings() == happened{event_kind::changed});  // of node 3
}

TEST_CASE("a node that has left says nothing more of itself") {
  step_fixture s;
  self_report says(s.settings, s.now);
  s.table.set_state(s.table.self(), state::left, {}, s.random, s.now);
  says.set_worker_lag(1);
  says.restate({}, s.at());
  CHECK(s.table.self().worker_lag == 0);
  CHECK(says.next_deadline() == never);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("how far workers lag is told with a new incarnation, at most once a second, and last of all") {
  core_fixture s;
  s.meet(9);
  s.run(5s);
  s.take();
  s.node.set_worker_lag(2, s.now, s.out);
  s.node.set_worker_lag(2, s.now, s.out);
  CHECK(s.node.self().worker_lag == 2);
  CHECK(s.node.self().incarnation == 1);
  CHECK(kinds(s.take()) == happened{event_kind::changed});
  s.node.set_worker_lag(3, s.now, s.out);
  s.node.set_worker_lag(0, s.now, s.out);
  s.node.set_worker_lag(9, s.now, s.out);
  CHECK(s.node.self().worker_lag == 2);
  s.run(1100ms);
  CHECK(s.node.self().worker_lag == 3);
  CHECK(s.node.self().incarnation == 2);
  s.node.set_worker_lag(0, s.now, s.out);
  s.node.set_worker_lag(3, s.now, s.out);
  s.run(5s);
  CHECK(s.node.self().incarnation == 2);
  s.take();
  s.gossip(2, {stating(2, 1, 1)});
  CHECK(kinds(s.out) == happened{event_kind::changed});
  CHECK(s.node.find({2})->worker_lag == 1);
}
