// Whom a router is connected to where a service has more replicas than its aperture.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "router_fixture.hpp"

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

namespace {

options narrow(std::uint32_t aperture) {
  options settings;
  settings.aperture = aperture;
  return settings;
}

/// Nodes that the fixture's router is connected to, or trying to be.
std::set<node_id> linked(const router_fixture& on) {
  std::set<node_id> to;
  for (const action& each : on.out) {
    if (const auto* it = std::get_if<dial>(&each)) to.insert(it->to);
    if (const auto* it = std::get_if<hang_up>(&each)) to.erase(it->to);
  }
  return to;
}

/// Other nodes that call, as this one does: so many that no replica depends on one caller.
void surround(router_fixture& with, int callers = 60) {
  for (int i = 0; i < callers; ++i) with.appear(with.view(1000 + i, "test.Front"));
}

/// Connects whatever has been asked for since the last time.
void connect_all(router_fixture& on) {
  for (const dial& each : on.all<dial>()) on.core.link_up(each.to, on.now, on.out);
}

router_fixture& answer_last(router_fixture& on) {
  on.answer(on.last<transmit>().attempt);
  return on;
}

}  // namespace

TEST_CASE("of a service with many replicas, a router dials as many as its aperture, and calls only these") {
  router_fixture it(narrow(10));
  surround(it);
  for (int i = 1; i <= 100; ++i) it.appear(i);
  it.call();
  CHECK(linked(it).size() == 10);
  connect_all(it);
  for (int i = 0; i < 200; ++i) {
    it.call();
    answer_last(it);
  }
  for (const auto& sent : it.all<transmit>()) CHECK(linked(it).contains(sent.to));
  it.pass(5min);
  CHECK(linked(it).size() == 10);
  CHECK(it.all<hang_up>().empty());
}

TEST_CASE("an aperture of 0, and one that is not reached, mean everybody; so does being the only caller") {
  for (const std::uint32_t aperture : {0u, 40u, 10u}) {
    router_fixture it(narrow(aperture));
    if (aperture != 10) surround(it);
    for (int i = 1; i <= 40; ++i) it.appear(i);
    it.call();
    CHECK(linked(it).size() == 40);
  }
}

TEST_CASE("the windows of many callers leave no replica out, and differ by one in how often they hold one") {
  constexpr int replicas = 120;
  constexpr int callers = 40;
  std::map<node_id, int> held;
  for (int caller = 0; caller < callers; ++caller) {
    time_point now{1000s};
    actions out;
    router one(narrow(12), node_number(1000 + caller), "eu/a", 1, now);
    const router_fixture views;
    for (int i = 1; i <= replicas; ++i) one.node_changed(views.view(i), now, out);
    for (int other = 0; other < callers; ++other)
      if (other != caller) one.node_changed(views.view(1000 + other, "test.Front"), now, out);
    call_spec spec;
    spec.service = one.intern("test.Echo");
    spec.deadline = now + 1s;
    one.begin(spec, now, out);
    for (const action& each : out)
      if (const auto* it = std::get_if<dial>(&each)) ++held[it->to];
  }
  CHECK(held.size() == replicas);
  for (const auto& [who, times] : held) CHECK(times == callers * 12 / replicas);
}

TEST_CASE("who comes and goes moves the window by little: most links stay, the others are let go when idle") {
  router_fixture it(narrow(10));
  surround(it);
  for (int i = 1; i <= 100; ++i) it.appear(i);
  it.call();
  connect_all(it);
  answer_last(it);
  const std::set<node_id> before = linked(it);
  for (int i = 101; i <= 105; ++i) it.appear(i);
  for (int i = 1; i <= 5; ++i) it.change(i, node_status::gone);
  it.pass(1s);
  connect_all(it);
  it.pass(2s);
  std::set<node_id> gone;
  for (int i = 1; i <= 5; ++i) gone.insert(node_number(i));
  std::size_t window = 0;
  std::size_t kept = 0;
  for (const node_id each : linked(it)) {
    if (gone.contains(each)) continue;
    ++window;
    kept += before.contains(each);
  }
  CHECK(window == 10);
  CHECK(kept >= 5);
}

TEST_CASE("a link that leaves the window is let go only when nothing is under way on it") {
  router_fixture it(narrow(1));
  it.appear(it.view(1000, "test.Front"));
  it.appear(1);
  it.appear(2);
  const call_id waiting = it.call(rpc::safety::unsafe, 1min);
  connect_all(it);
  const node_id first = it.last<transmit>().to;
  // More callers appear, until the window has moved to the other replica.
  for (int i = 1; i < 60 && linked(it).size() < 2; ++i) {
    it.appear(it.view(1000 + i, "test.Front"));
    it.pass(200ms);
  }
  REQUIRE(linked(it).size() == 2);
  connect_all(it);
  it.pass(2s);
  CHECK(it.all<hang_up>().empty());
  answer_last(it);
  CHECK(it.last<finish>().call == waiting);
  it.pass(3s);
  REQUIRE(it.all<hang_up>().size() == 1);
  CHECK(it.last<hang_up>().to == first);
  // That its connection ends is what was wanted: no failure, no dial.
  const auto dials = it.all<dial>().size();
  it.core.link_down(first, "closed", it.now, it.out);
  it.pass(10s);
  CHECK(it.all<dial>().size() == dials);
}

TEST_CASE(
    "a call for one node goes there though it is beyond the aperture, and its link is kept for a minute") {
  router_fixture it(narrow(2));
  surround(it);
  for (int i = 1; i <= 30; ++i) it.appear(i);
  it.call();
  connect_all(it);
  answer_last(it);
  int outside = 1;
  while (linked(it).contains(node_number(outside))) ++outside;
  call_spec spec = it.spec();
  spec.only = node_number(outside);
  it.core.begin(spec, it.now, it.out);
  CHECK(it.last<dial>().to == node_number(outside));
  it.up(outside);
  CHECK(it.last<transmit>().to == node_number(outside));
  answer_last(it);
  it.pass(50s);
  CHECK(it.all<hang_up>().empty());
  it.pass(15s);
  CHECK(it.last<hang_up>().to == node_number(outside));
}

TEST_CASE("a call for one node makes a link to that node, not to its service's others") {
  router_fixture it;
  for (int i = 1; i <= 5; ++i) it.appear(i);
  call_spec spec = it.spec();
  spec.only = node_number(3);
  it.core.begin(spec, it.now, it.out);
  REQUIRE(it.all<dial>().size() == 1);
  CHECK(it.last<dial>().to == node_number(3));
}

TEST_CASE("a call for one node that comes before the news of that node gets its link with the news") {
  router_fixture it;
  call_spec spec = it.spec();
  spec.only = node_number(3);
  it.core.begin(spec, it.now, it.out);
  CHECK(it.all<dial>().empty());
  it.pass(50ms);
  it.appear(3);
  REQUIRE(it.all<dial>().size() == 1);
  it.up(3);
  CHECK(it.last<transmit>().to == node_number(3));
}

TEST_CASE("a key's owner is the same whatever the aperture, and gets its link when a call needs it") {
  router_fixture all(narrow(0));
  router_fixture few(narrow(3));
  for (router_fixture* each : {&all, &few}) {
    surround(*each);
    for (int i = 1; i <= 40; ++i) each->appear(i);
    each->call();
    connect_all(*each);
    answer_last(*each);
    REQUIRE(each->core.set_policy("test.Echo", balance::policy_kind::consistent_hash));
  }
  for (std::uint64_t key = 0; key < 100; ++key) {
    node_id owner[2];
    int n = 0;
    for (router_fixture* each : {&all, &few}) {
      call_spec spec = each->spec();
      spec.affinity = key;
      each->core.begin(spec, each->now, each->out);
      connect_all(*each);
      owner[n++] = each->last<transmit>().to;
      answer_last(*each);
    }
    CHECK(owner[0] == owner[1]);
  }
}

TEST_CASE("when nobody in the window can be reached, others are tried") {
  router_fixture it(narrow(2));
  surround(it);
  for (int i = 1; i <= 30; ++i) it.appear(i);
  const auto waiting = it.call(rpc::safety::unsafe, 5s);
  const auto window = it.all<dial>();
  REQUIRE(window.size() == 2);
  for (const dial& each : window) it.core.link_down(each.to, "refused", it.now, it.out);
  it.call();
  const auto dials = it.all<dial>();
  REQUIRE(dials.size() > 2);
  it.core.link_up(dials.back().to, it.now, it.out);
  CHECK(it.all<transmit>().front().call == waiting);
}

TEST_CASE("the aperture of one service is read, written and changed while running") {
  const auto read = parse_service_options("test.Echo:aperture=7,policy=random");
  REQUIRE(read);
  CHECK(read->options.aperture == 7u);
  CHECK(to_text(*read) == "test.Echo:policy=random,aperture=7");
  CHECK_FALSE(parse_service_options("test.Echo:aperture=many"));
  router_fixture it(narrow(0));
  surround(it);
  for (int i = 1; i <= 30; ++i) it.appear(i);
  it.call();
  connect_all(it);
  answer_last(it);
  REQUIRE(it.core.set_options("test.Echo", read->options));
  it.pass(2s);
  CHECK(linked(it).size() == 7);
}

// --- Without a router ---------------------------------------------------------------------------------

TEST_CASE("as long as nobody has more replicas than the aperture there is nothing to move") {
  parts_fixture parts(narrow(5));
  parts.connected(5);
  parts.links.windows().open(parts.echo, parts.out);
  parts.links.windows().move_soon(parts.now);
  CHECK(parts.links.windows().next_deadline() == never);
  CHECK_FALSE(parts.links.windows().reach_beyond(parts.echo, parts.now, parts.out));
}

TEST_CASE("windows move 100 ms after a change, or with the next tick when they must") {
  parts_fixture parts(narrow(2));
  for (int i = 1; i <= 60; ++i)
    parts.links.node_changed(view_of(1000 + i, "test.Front"), parts.now, parts.out);
  for (int i = 1; i <= 10; ++i) parts.links.node_changed(view_of(i), parts.now, parts.out);
  service_windows& windows = parts.links.windows();
  windows.open(parts.echo, parts.out);
  CHECK(all_of<dial>(parts.out).size() == 2);
  windows.move_soon(parts.now);
  windows.move_soon(parts.now + 50ms);
  CHECK(windows.next_deadline() == parts.now + 100ms);
  parts.echo_state().aperture = 4;
  windows.tick(parts.now + 99ms, parts.out);
  CHECK(all_of<dial>(parts.out).size() == 2);
  windows.move_at_once();
  windows.tick(parts.now + 99ms, parts.out);
  CHECK(all_of<dial>(parts.out).size() == 4);
  CHECK(windows.next_deadline() == never);
}

TEST_CASE("whoever is reached out to is needed for a minute") {
  parts_fixture parts;
  parts.links.node_changed(view_of(1), parts.now, parts.out);
  node_state& node = *parts.links.find(node_number(1));
  parts.links.windows().reach_out(node, parts.now, parts.out);
  CHECK(all_of<dial>(parts.out).size() == 1);
  parts.links.link_up(node_number(1), parts.now);
  CHECK(parts.links.next_deadline() == parts.now + 1min);
  parts.links.tick(parts.now + 1min - 1ns, parts.out);
  CHECK(all_of<hang_up>(parts.out).empty());
  parts.links.tick(parts.now + 1min, parts.out);
  CHECK(all_of<hang_up>(parts.out).size() == 1);
  CHECK(node.link == link_state::idle);
}
