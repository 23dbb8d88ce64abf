// The nodes that are known, and how far apart zones are.
#include <doctest/doctest.h>

#include "parts_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("zones that share the part before the slash are one region") {
  using balance::distance;
  CHECK(distance_between("eu/a", "eu/a") == distance::same_zone);
  CHECK(distance_between("eu/a", "") == distance::same_zone);
  CHECK(distance_between("eu/a", "eu/b") == distance::same_region);
  CHECK(distance_between("eu/a", "us/a") == distance::remote);
}

TEST_CASE("a node stays where it is while others come and go") {
  node_table nodes;
  CHECK(nodes.find(node_number(0)) == nullptr);
  node_state* first = &nodes.add(node_number(0));
  for (int i = 1; i < 1000; ++i) nodes.add(node_number(i));
  for (int i = 1; i < 1000; ++i) nodes.erase(node_number(i));
  CHECK(nodes.find(node_number(0)) == first);
  CHECK(nodes.find(node_number(1)) == nullptr);
}

TEST_CASE("a node takes calls over a link that is up and not congested") {
  node_state node;
  CHECK_FALSE(node.takes_calls());
  node.link = link_state::up;
  CHECK(node.takes_calls());
  node.congested = true;
  CHECK_FALSE(node.takes_calls());
}

TEST_CASE("a node is a replica of the services that it offers") {
  node_state node;
  node.replicas.push_back({3, 17});
  REQUIRE(node.find(3) != nullptr);
  CHECK(node.find(3)->index == 17);
  CHECK_FALSE(node.find(3)->is_outside());
  CHECK(node.find(4) == nullptr);
}
