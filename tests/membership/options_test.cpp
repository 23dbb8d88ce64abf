// What options are refused, and what the presets are.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/options.hpp>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("the options' defaults and presets are within their bounds, and an error names the field") {
  CHECK(options{}.validate());
  CHECK(options::local().validate());
  options wrong;
  wrong.probe_timeout_max = 900ms;
  REQUIRE_FALSE(wrong.validate());
  CHECK(wrong.validate().error().text.find("probe_timeout_max is 900 ms") != std::string::npos);
  for (const auto spoil : std::vector<void (*)(options&)>{
           [](options& o) { o.probe_period = 1ms; }, [](options& o) { o.probe_timeout_min = 600ms; },
           [](options& o) { o.indirect_probes = 17; }, [](options& o) { o.suspicion_alpha = 0; },
           [](options& o) { o.suspicion_beta = 0; }, [](options& o) { o.gossip_interval = 0ms; },
           [](options& o) { o.gossip_fanout = 0; }, [](options& o) { o.retransmit_multiplier = 0; },
           [](options& o) { o.packet_bytes_max = 100; }, [](options& o) { o.exchange_period = 0s; },
           [](options& o) { o.join_retry = 0s; }, [](options& o) { o.leave_fanout = 0; },
           [](options& o) { o.members_max = 1; }, [](options& o) { o.graves_max = 1; },
           [](options& o) { o.registration_bytes_max = 1; }, [](options& o) { o.dead_kept_for = 0s; },
           [](options& o) { o.health_max = -1; }}) {
    options spoiled;
    spoil(spoiled);
    CHECK_FALSE(spoiled.validate());
  }
}

TEST_CASE("plain SWIM has no health, no confirmations and no helpers' nacks; memberlist has them all") {
  core_fixture plain(options::swim());
  plain.meet(9);
  const auto silent = plain.next_probe().target.node.value;
  plain.run(1500ms, nobody);
  CHECK(plain.node.local_health() == 0);
  CHECK(plain.out.stream_pings.empty());
  CHECK(plain.seen(silent) == state::suspect);
  plain.run(4s, nobody);
  CHECK(plain.seen(silent) == state::dead);
  CHECK(bounds_of(options::swim(), 100).confirmations == 0);
  CHECK(bounds_of(options::swim(), 100).shortest == 8s);
  CHECK(bounds_of(options::memberlist(), 100).longest == 48s);
  for (const auto& mode : {options{}, options::local(), options::swim(), options::memberlist()})
    CHECK(mode.validate());
}
