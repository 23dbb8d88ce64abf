// When a hedge may be started.
#include <doctest/doctest.h>

#include <troupe/routing/hedge_gate.hpp>

namespace {

using namespace troupe;
using namespace troupe::routing;

}  // namespace

TEST_CASE("a gate is open for what its service's calls have earned") {
  const time_point now{1000s};
  hedge_gate gate({.per_call = .02, .initial = 1, .most = 20}, now);
  CHECK(gate.is_open(4, now));
  gate.spend(now);
  CHECK_FALSE(gate.is_open(4, now));
  for (int i = 0; i < 51; ++i) gate.earn(now);
  CHECK(gate.is_open(4, now));
}

TEST_CASE(
    "a gate is closed while more than a quarter of the replicas are hot, for two seconds after the news") {
  const time_point now{1000s};
  hedge_gate gate({.initial = 2, .most = 20}, now);
  const rpc::load_report waiting{.queue_delay = 30ms, .service_time = 10ms};
  const rpc::load_report overloaded{.flags = rpc::load_flag::overloaded};
  gate.note(2, waiting, now);
  CHECK(gate.is_open(4, now));
  gate.note(0, overloaded, now);
  CHECK_FALSE(gate.is_open(4, now));
  CHECK(gate.is_open(8, now));
  SUBCASE("it passes") {
    CHECK_FALSE(gate.is_open(4, now + 2s - 1ns));
    CHECK(gate.is_open(4, now + 2s));
  }
  SUBCASE("or a replica says that it is well again") {
    gate.note(2, {}, now);
    CHECK(gate.is_open(4, now));
  }
}

TEST_CASE("a wait below a millisecond makes no replica hot, however short its requests are") {
  const time_point now{1000s};
  hedge_gate gate({.initial = 2, .most = 20}, now);
  gate.note(0, {.queue_delay = 900us, .service_time = 10us}, now);
  CHECK(gate.is_open(1, now));
  gate.note(0, {.queue_delay = 1100us, .service_time = 10us}, now);
  CHECK_FALSE(gate.is_open(1, now));
}
