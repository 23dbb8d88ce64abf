// What the statistics are told of a node.
#include <doctest/doctest.h>

#include <troupe/routing/standings.hpp>

#include "parts_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("each thing that speaks against a node is told to the statistics, and taken back") {
  using balance::standing;
  parts_fixture parts;
  parts.connected(1);
  node_state& node = *parts.links.find(node_number(1));
  const auto is = [&](standing asked) {
    update_standings(node, parts.services);
    return parts.echo_state().replicas.is(node.replicas[0].index, asked);
  };
  for (const standing each : {standing::unreachable, standing::draining, standing::silent,
                              standing::suspected, standing::degraded, standing::outside})
    CHECK_FALSE(is(each));
  node.congested = true;
  CHECK(is(standing::unreachable));
  node.congested = false;
  CHECK_FALSE(is(standing::unreachable));
  node.link = link_state::dialing;
  CHECK(is(standing::unreachable));
  node.status = node_status::draining;
  CHECK(is(standing::draining));
  node.silent = true;
  CHECK(is(standing::silent));
  node.suspected = true;
  CHECK(is(standing::suspected));
  node.degraded = true;
  CHECK(is(standing::degraded));
  node.replicas[0].in = node_state::replica::place::outside;
  CHECK(is(standing::outside));
}
