// What a node's fate means for the calls: silence, congestion, draining, suspicion, an end.
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using rpc::safety;

}  // namespace

TEST_CASE("a silent node is barred at once and its safe attempts get their backup at once") {
  router_fixture it;
  it.connected(2);
  it.call(safety::read_only);
  const auto first = it.last<transmit>();
  it.core.fell_silent(first.to, it.now, it.out);
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
  for (int i = 0; i < 20; ++i) {
    it.call();
    CHECK(it.last<transmit>().to != first.to);
  }
  SUBCASE("until it is heard from again") {
    it.core.heard_from(first.to, it.now);
    std::set<node_id> used;
    for (int i = 0; i < 60; ++i) {
      it.call();
      used.insert(it.last<transmit>().to);
    }
    CHECK(used.contains(first.to));
  }
  SUBCASE("also by an answer") {
    it.answer(first.attempt);
    it.pass(1ms);
    std::set<node_id> used;
    for (int i = 0; i < 60; ++i) {
      it.call();
      used.insert(it.last<transmit>().to);
    }
    CHECK(used.contains(first.to));
  }
  SUBCASE("falling silent twice changes nothing") {
    const std::size_t before = it.transmits();
    it.core.fell_silent(first.to, it.now, it.out);
    CHECK(it.transmits() == before);
  }
}

TEST_CASE("when every replica is silent, calls still go somewhere") {
  router_fixture it;
  it.connected(2);
  for (int i : {1, 2}) it.core.fell_silent(node_number(i), it.now, it.out);
  it.call();
  CHECK(it.transmits() == 1);
}

TEST_CASE("a node that membership declares gone gets nothing more, and its safe attempts move") {
  router_fixture it;
  it.connected(2);
  it.call(safety::idempotent);
  const auto first = it.last<transmit>();
  const int number = first.to == node_number(1) ? 1 : 2;
  it.change(number, node_status::gone);
  REQUIRE(it.transmits() == 2);
  CHECK(it.last<transmit>().to != first.to);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to != first.to);
  }
  it.answer(first.attempt);  // it was alive after all
  CHECK(it.last<finish>().winner == first.attempt);
}

TEST_CASE("a congested link gets no new attempts until it has room") {
  router_fixture it;
  it.connected(2);
  it.core.link_congested(node_number(1), router::congested::yes, it.now, it.out);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.core.link_congested(node_number(1), router::congested::no, it.now, it.out);
  it.call();
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("when every link is congested, a call is refused as RESOURCE_EXHAUSTED, not queued") {
  router_fixture it;
  it.connected(2);
  for (int i : {1, 2}) it.core.link_congested(node_number(i), router::congested::yes, it.now, it.out);
  it.call(safety::idempotent);
  CHECK(it.transmits() == 0);
  REQUIRE(it.finishes() == 1);
  CHECK(it.last<finish>().failure.code == code::resource_exhausted);
  CHECK(it.core.calls_under_way() == 0);
}

TEST_CASE("a draining node gets no new attempts unless nothing else exists") {
  router_fixture it;
  it.connected(2);
  it.change(1, node_status::draining);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.change(2, node_status::gone);
  it.call();
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("a load report that says draining is believed before membership brings the news") {
  router_fixture it;
  it.connected(2);
  it.call();
  const auto first = it.last<transmit>();
  rpc::load_report load;
  load.flags = rpc::load_flag::draining;
  it.answer(first.attempt, code::ok, &load);
  for (int i = 0; i < 10; ++i) {
    it.call();
    CHECK(it.last<transmit>().to != first.to);
  }
}

TEST_CASE("a suspected node is avoided, not excluded") {
  router_fixture it;
  it.connected(2);
  it.change(1, node_status::serving, true);
  for (int i = 0; i < 3; ++i) {
    it.call();
    CHECK(it.last<transmit>().to == node_number(2));
  }
  it.down(2);
  it.call();
  CHECK(it.last<transmit>().to == node_number(1));
}

TEST_CASE("a node's older life cannot change its newer one, and a newer one starts without history") {
  router_fixture it;
  it.connected(1);
  node_view newer = it.view(1);
  newer.self.epoch = {2};
  it.appear(newer);
  it.change(1, node_status::gone);  // of epoch 1
  it.call();
  CHECK(it.transmits() == 1);
  const auto explained = it.core.explain(it.echo, it.now);
  REQUIRE(explained.candidates.size() == 1);
  CHECK(explained.candidates[0].in_flight == 1);
}

TEST_CASE("an attempt that outlives its replica's registration still ends its call") {
  router_fixture it;
  it.connected(2);
  it.call();
  const auto sent = it.last<transmit>();
  node_view bare = it.view(sent.to == node_number(1) ? 1 : 2);
  bare.services.clear();
  it.appear(bare);
  it.answer(sent.attempt);
  CHECK(it.last<finish>().winner == sent.attempt);
  it.call();
  CHECK(it.last<transmit>().to != sent.to);
}

TEST_CASE("a replica that refuses for lack of capacity gets less for a while, and is not ejected for it") {
  router_fixture it;
  it.connected(3);
  for (int i = 0; i < 60; ++i) {  // all are seen
    it.call();
    it.pass(1ms);
    it.answer(it.last<transmit>().attempt);
  }
  std::map<node_id, int> share;
  for (int i = 0; i < 300; ++i) {
    it.call(safety::unsafe, 50ms);
    auto sent = it.last<transmit>();
    if (sent.to == node_number(1)) {
      ++share[sent.to];
      it.refuse(sent.attempt, code::resource_exhausted);
      sent = it.last<transmit>();
    }
    ++share[sent.to];
    it.pass(1ms);
    it.answer(sent.attempt);
  }
  CHECK(share[node_number(1)] < 60);
  for (const auto& each : it.core.explain(it.echo, it.now).candidates)
    CHECK(each.ejected_until == time_point{});
}
