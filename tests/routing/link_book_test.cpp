// What becomes of nodes, links and replicas as membership and the links' owner report them.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("nodes are dialled when a service of theirs is first used, and not before") {
  router_fixture it;
  it.appear(1);
  it.appear(2);
  it.appear(it.view(3, "test.Other"));
  CHECK(it.out.empty());
  it.call();
  CHECK(it.all<dial>().size() == 2);
  it.call();
  CHECK(it.all<dial>().size() == 2);
}

TEST_CASE("a new replica of a used service is dialled when it appears") {
  router_fixture it;
  it.connected(1);
  it.call();
  it.appear(2);
  REQUIRE(it.all<dial>().size() == 1);
  CHECK(it.last<dial>().to == node_number(2));
}

TEST_CASE("this node is a replica whose link is always up") {
  router_fixture it;
  it.appear(0);
  it.call();
  CHECK(it.last<transmit>().to == node_number(0));
  CHECK(it.all<dial>().empty());
  it.core.link_down(node_number(0), "never", it.now, it.out);
  it.call();
  CHECK(it.transmits() == 2);
}

// --- Without a router ---------------------------------------------------------------------------------

TEST_CASE("news of a node says what it means for calls, and news of an older life is none") {
  using news = link_book::news;
  parts_fixture parts;
  node_view view = view_of(1);
  view.self.epoch = {2};
  CHECK(parts.links.node_changed(view, parts.now, parts.out) == news::present);
  CHECK(parts.links.node_changed(view_of(1), parts.now, parts.out) == news::none);
  view.status = node_status::gone;
  CHECK(parts.links.node_changed(view, parts.now, parts.out) == news::gone);
  CHECK(parts.links.find_replica(node_number(1), parts.echo) == nullptr);
  CHECK(parts.links.find(node_number(1)) != nullptr);  // until it is to be forgotten
  parts.links.forget(node_number(1));
  CHECK(parts.links.find(node_number(1)) == nullptr);
  CHECK(parts.links.node_changed(view, parts.now, parts.out) == news::none);
}

TEST_CASE("a node that is gone is known until its link ends") {
  parts_fixture parts;
  parts.connected(1);
  node_view view = view_of(1);
  view.status = node_status::gone;
  parts.links.node_changed(view, parts.now, parts.out);
  parts.links.forget(node_number(1));
  CHECK(parts.links.find(node_number(1)) != nullptr);
  CHECK(parts.links.link_down(node_number(1), "closed", parts.now));
  CHECK(parts.links.find(node_number(1)) == nullptr);
}

TEST_CASE("a link comes up once and breaks once; only one that was up loses attempts") {
  parts_fixture parts;
  CHECK_FALSE(parts.links.link_up(node_number(1), parts.now));
  parts.links.node_changed(view_of(1), parts.now, parts.out);
  CHECK_FALSE(parts.links.link_down(node_number(1), "refused", parts.now));
  CHECK(parts.links.link_up(node_number(1), parts.now));
  CHECK_FALSE(parts.links.link_up(node_number(1), parts.now));
  CHECK(parts.links.link_down(node_number(1), "reset", parts.now));
  CHECK_FALSE(parts.links.link_down(node_number(1), "reset", parts.now));
}

TEST_CASE("a node falls silent once, until it is heard from; this node never does") {
  parts_fixture parts;
  parts.connected(1);
  parts.links.node_changed(view_of(0), parts.now, parts.out);
  CHECK(parts.links.fell_silent(node_number(1)));
  CHECK_FALSE(parts.links.fell_silent(node_number(1)));
  parts.links.heard_from(node_number(1), parts.now);
  CHECK(parts.links.fell_silent(node_number(1)));
  CHECK_FALSE(parts.links.fell_silent(node_number(0)));
  CHECK_FALSE(parts.links.fell_silent(node_number(2)));
}

TEST_CASE("what a node offers is its replicas: added, described anew, and removed") {
  parts_fixture parts;
  parts.connected(1);
  const auto* replica = parts.links.find_replica(node_number(1), parts.echo);
  REQUIRE(replica != nullptr);
  const balance::replica_index index = replica->index;
  CHECK(parts.echo_state().replicas.facts(index).distance == balance::distance::same_zone);
  node_view view = view_of(1);
  view.zone = "us/a";
  view.services[0].weight = 0;
  view.services.push_back({"test.Other", 7});
  parts.links.node_changed(view, parts.now, parts.out);
  CHECK(parts.links.find_replica(node_number(1), parts.echo)->index == index);
  CHECK(parts.echo_state().replicas.facts(index).distance == balance::distance::remote);
  CHECK(parts.echo_state().replicas.facts(index).weight == 1);
  CHECK(parts.echo_state().offered_by == 1);
  const service_ref other = *parts.services.find("test.Other");
  CHECK(parts.services[other].offered_by == 1);
  view.services.erase(view.services.begin());
  parts.links.node_changed(view, parts.now, parts.out);
  CHECK(parts.links.find_replica(node_number(1), parts.echo) == nullptr);
  CHECK(parts.echo_state().offered_by == 0);
  CHECK(parts.links.find_replica(node_number(1), other) != nullptr);
}
