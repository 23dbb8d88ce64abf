// How well a node takes itself to be.
#include <doctest/doctest.h>

#include <troupe/membership/local_health.hpp>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("health stays within its bounds, and makes times longer") {
  local_health health(8);
  CHECK(health.value() == 0);
  CHECK(health.multiplier() == 1);
  health.adjust(-1);
  CHECK(health.value() == 0);
  health.adjust(3);
  CHECK(health.multiplier() == 4);
  CHECK(health.told() == 3);
  health.adjust(100);
  CHECK(health.value() == 8);
  health.recover();
  CHECK(health.value() == 0);
  local_health off(0);
  off.adjust(5);
  CHECK(off.value() == 0);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("missing nacks make a node doubt itself, answers make it trust itself again") {
  core_fixture s;
  s.meet(6);
  const auto probe = s.next_probe();
  const auto nobody = [](std::uint64_t) { return false; };
  s.run(600ms, nobody);
  const auto requests = s.take();
  int nacks = 0;
  for (const auto& one : requests.packets) {
    if (one.what.kind != packet_kind::ping_request || ++nacks > 2) continue;
    auto nack = s.from(one.to.address[15], packet_kind::nack);
    nack.sequence = one.what.sequence;
    nack.target = one.what.target;
    s.receive(nack);
    s.receive(nack);
  }
  s.run(500ms, nobody);
  CHECK(s.node.local_health() == 1);  // of three helpers one said nothing
  CHECK(s.seen(probe.target.node.value) == state::suspect);
  s.run(60s, nobody);
  CHECK(s.node.local_health() > 3);
  s.merge(2, {about(2, state::alive, 1), about(3, state::alive, 1)});
  s.run(60s);
  CHECK(s.node.local_health() == 0);
}
