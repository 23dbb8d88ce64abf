// When a link is asked for, and asked for again.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using rpc::safety;

}  // namespace

TEST_CASE("a broken link is dialled again after a backoff that doubles, while it is needed") {
  router_fixture it;
  it.appear(1);
  it.call(safety::unsafe, 60s);
  duration waited[6];
  for (duration& each : waited) {
    const std::size_t before = it.all<dial>().size();
    const time_point then = it.now;
    it.down(1, "connection refused");
    while (it.all<dial>().size() == before) {
      it.now = it.core.next_deadline();
      it.core.tick(it.now, it.out);
    }
    each = it.now - then;
  }
  CHECK(waited[0] <= 51ms);
  CHECK(waited[0] >= 25ms);
  CHECK(waited[5] >= 800ms);
  CHECK(waited[5] <= 1601ms);
}

TEST_CASE("a node that is gone is not dialled again") {
  router_fixture it;
  it.connected(1);
  it.answer((it.call(), it.last<transmit>().attempt));
  it.change(1, node_status::gone);
  it.down(1);
  it.pass(20s);
  CHECK(it.all<dial>().empty());
}

namespace {

/// A dialler over nodes that it alone knows.
struct dialler_fixture : parts_fixture {
  node_table nodes;
  dialler links{settings, nodes, services, random};

  node_state& add(int number) {
    node_state& node = nodes.add(node_number(number));
    node.self = {node_number(number), {1}};
    node.wanted_until = now + 1h;
    return node;
  }
};

}  // namespace

TEST_CASE("a link is asked for once, however often it is wanted") {
  dialler_fixture it;
  node_state& node = it.add(1);
  it.links.want(node, it.out);
  it.links.want(node, it.out);
  CHECK(all_of<dial>(it.out).size() == 1);
  CHECK(it.links.is_dialing());
  it.links.opened(node, it.now);
  CHECK_FALSE(it.links.is_dialing());
  it.links.want(node, it.out);
  CHECK(all_of<dial>(it.out).size() == 1);
}

TEST_CASE("a link that broke waits for its backoff though it is wanted, and is dialled then") {
  dialler_fixture it;
  node_state& node = it.add(1);
  it.links.want(node, it.out);
  it.links.broke(node, "refused", it.now);
  CHECK(node.link == link_state::broken);
  CHECK(node.broken_why == "refused");
  it.links.want(node, it.out);
  CHECK(all_of<dial>(it.out).size() == 1);
  CHECK(it.links.next_deadline() == node.dial_at);
  it.links.tick(node.dial_at, it.out);
  CHECK(all_of<dial>(it.out).size() == 2);
  CHECK(it.links.next_deadline() == never);
}

TEST_CASE("the next dial is that of the shortest backoff") {
  dialler_fixture it;
  for (const int number : {3, 1, 2}) {
    node_state& node = it.add(number);
    node.dials_failed = static_cast<std::uint32_t>(number);
    it.links.broke(node, "refused", it.now);
  }
  for (const int number : {1, 2, 3}) {
    const time_point next = it.links.next_deadline();
    CHECK(next == it.nodes.find(node_number(number))->dial_at);
    it.links.tick(next, it.out);
    CHECK(all_of<dial>(it.out).back().to == node_number(number));
  }
  CHECK(it.links.next_deadline() == never);
}

TEST_CASE("what nobody needs any more is not dialled again") {
  dialler_fixture it;
  node_state& node = it.add(1);
  it.links.broke(node, "refused", it.now);
  node.wanted_until = it.now;
  it.links.tick(it.now + 1min, it.out);
  CHECK(node.link == link_state::idle);
  it.links.broke(node, "refused", it.now + 1min);  // and no backoff begins
  CHECK(it.links.next_deadline() == never);
  CHECK(it.out.empty());
}

TEST_CASE("a link that held for five seconds begins its backoff anew") {
  dialler_fixture it;
  node_state& node = it.add(1);
  for (const duration held : {0s, 1s, 4s}) {
    it.links.opened(node, it.now);
    it.now += held;
    it.links.broke(node, "reset", it.now);
  }
  CHECK(node.dials_failed == 3);
  it.links.opened(node, it.now);
  it.links.broke(node, "reset", it.now + 5s);
  CHECK(node.dials_failed == 1);
}

TEST_CASE(
    "a link is needed by the window of a service that is called, and by nobody for a node that is gone") {
  dialler_fixture it;
  node_state& node = it.add(1);
  CHECK(it.links.is_needed(node, it.now));  // a call went there lately
  node.wanted_until = it.now;
  CHECK_FALSE(it.links.is_needed(node, it.now));
  node.replicas.push_back({it.echo, 0});
  CHECK_FALSE(it.links.is_needed(node, it.now));
  it.echo_state().used = service_state::use::called;
  CHECK(it.links.is_needed(node, it.now));
  node.replicas[0].in = node_state::replica::place::outside;
  CHECK_FALSE(it.links.is_needed(node, it.now));
  node.replicas[0].in = node_state::replica::place::window;
  node.status = node_status::gone;
  CHECK_FALSE(it.links.is_needed(node, it.now));
}
