// Whom the call book asks for its load, how often, and what it does with the answer.
#include <map>

#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

constexpr rpc::load_report quiet{.in_flight = 1, .workers = 4, .limit = 100, .service_time = 2ms};

/// Calls one after the other, 10 ms apart, each answered after 2 ms by an idle replica.
void make_calls(router_fixture& it, int count) {
  for (int i = 0; i < count; ++i) {
    it.call();
    const auto sent = it.last<transmit>();
    it.pass(2ms);
    it.answer(sent.attempt, code::ok, &quiet);
    it.pass(8ms);
  }
}

}  // namespace

TEST_CASE("every second call asks one of the replicas for its load, after its own first attempt has left") {
  router_fixture it;
  it.connected(4);
  std::map<node_id, int> asked;
  for (int i = 0; i < 400; ++i) {
    const std::size_t before = it.out.size();
    make_calls(it, 1);
    REQUIRE(it.out.size() > before);
    CHECK(std::holds_alternative<transmit>(it.out[before]));
    for (int n = 1; n <= 4; ++n) it.tell(n, quiet);
  }
  for (const probe& each : it.all<probe>()) {
    CHECK(each.service == it.echo);
    ++asked[each.to];
  }
  CHECK(it.all<probe>().size() == 200);
  CHECK(asked.size() == 4);
  for (const auto& [node, count] : asked) CHECK(count > 25);
  CHECK(it.core.counted().probes == 200);
  CHECK(it.core.counted().probes_answered == 1600);
}

TEST_CASE(
    "probes stop at their share of the calls, however many attempts there are, and for a lone replica") {
  SUBCASE("none where they are turned off") {
    options settings;
    settings.balance.probes_per_call = 0;
    router_fixture it(settings);
    it.connected(4);
    make_calls(it, 100);
    CHECK(it.all<probe>().empty());
  }
  SUBCASE("none for a replica that is alone") {
    router_fixture it;
    it.connected(1);
    make_calls(it, 100);
    CHECK(it.all<probe>().empty());
  }
  SUBCASE("and one that does not answer is asked once a second") {
    router_fixture it;
    it.connected(2);
    make_calls(it, 1000);  // 10 s
    CHECK(it.all<probe>().size() <= 22);
    CHECK(it.all<probe>().size() >= 18);
  }
}

TEST_CASE(
    "what cannot be called is not asked either: no link, a full one, a silent node, this very process") {
  router_fixture it;
  it.connected(6);
  it.appear(it.view(7));  // never connected
  make_calls(it, 20);
  node_view here = it.view(0);
  it.appear(here);
  it.down(1, "connection reset");
  it.core.link_congested(node_number(2), router::congested::yes, it.now, it.out);
  it.core.fell_silent(node_number(3), it.now, it.out);
  it.change(4, node_status::gone);
  it.out.clear();
  for (int i = 0; i < 400; ++i) {
    make_calls(it, 1);
    for (const int n : {5, 6}) it.tell(n, quiet);
  }
  CHECK(it.all<probe>().size() > 50);
  for (const probe& each : it.all<probe>()) CHECK((each.to == node_number(5) || each.to == node_number(6)));
}

TEST_CASE("a node that ignores probes is not asked, nor taken for silent, until a new link says otherwise") {
  router_fixture it;
  it.connected(2);
  it.appear(3);
  it.core.link_up(node_number(3), it.now, it.out, probes::ignored);
  const auto asked = [&] {
    it.out.clear();
    for (int i = 0; i < 400; ++i) {
      make_calls(it, 1);
      for (const int n : {1, 2}) it.tell(n, quiet);
    }
    const auto all = it.all<probe>();
    return std::count_if(all.begin(), all.end(), [](const probe& each) { return each.to == node_number(3); });
  };
  CHECK(asked() == 0);
  for (const auto& each : it.core.explain(it.echo, it.now).candidates) CHECK(each.why.empty());
  it.down(3);
  it.up(3);
  CHECK(asked() > 0);
}

TEST_CASE("a probe's answer changes the next pick") {
  for (const int busy : {1, 2}) {
    router_fixture it;
    it.connected(2);
    make_calls(it, 50);
    rpc::load_report full = quiet;
    full.in_flight = 60;
    for (int i = 0; i < 5; ++i) {
      it.tell(busy, full);
      it.tell(3 - busy, quiet);
      it.call();
      CHECK(it.last<transmit>().to == node_number(3 - busy));
    }
  }
}

TEST_CASE("the load of a node that is gone, or of a service that it does not offer, is nobody's") {
  router_fixture it;
  it.connected(2);
  const service_ref other = it.core.intern("test.Other");
  it.change(2, node_status::gone);
  it.tell(2, quiet);
  it.core.load_told(node_number(1), other, quiet, it.now);
  CHECK(it.core.counted().probes_answered == 0);
}
