// A silent peer is noticed in a fraction of a second, and one that answers is left alone. Virtual time.
#include <doctest/doctest.h>

#include <troupe/transport/keep_alive.hpp>

using namespace troupe;
using transport::keep_alive;
using verdict = keep_alive::verdict;

namespace {

time_point at(duration since_start) { return time_point{} + 1h + since_start; }

}  // namespace

TEST_CASE("a link that is heard from is never pinged") {
  keep_alive pulse({}, at(0ms));
  for (auto t = 0ms; t < 10s; t += 50ms) {
    if (t % 200ms == 0ms) pulse.heard(at(t));
    REQUIRE(pulse.check(at(t)) == verdict::fine);
  }
}

TEST_CASE("a ping that is answered starts the interval anew") {
  keep_alive pulse({}, at(0ms));
  CHECK(pulse.check(at(249ms)) == verdict::fine);
  CHECK(pulse.check(at(250ms)) == verdict::ping);
  CHECK(pulse.check(at(300ms)) == verdict::fine);
  pulse.heard(at(310ms));
  CHECK(pulse.check(at(559ms)) == verdict::fine);
  CHECK(pulse.check(at(560ms)) == verdict::ping);
}

TEST_CASE("a peer that does not answer falls silent once, stays silent, and is given up in the end") {
  const transport::keep_alive_options options{.interval = 100ms, .patience = 200ms, .give_up = 1s};
  keep_alive pulse(options, at(0ms));
  CHECK(pulse.check(at(100ms)) == verdict::ping);
  CHECK(pulse.check(at(299ms)) == verdict::fine);
  CHECK_FALSE(pulse.silent());
  CHECK(pulse.check(at(300ms)) == verdict::fell_silent);
  CHECK(pulse.silent());
  CHECK(pulse.check(at(301ms)) == verdict::silent);
  CHECK(pulse.check(at(1099ms)) == verdict::silent);
  CHECK(pulse.check(at(1100ms)) == verdict::dead);
}

TEST_CASE("a silent peer that is heard from is as good as new") {
  const transport::keep_alive_options options{.interval = 100ms, .patience = 200ms, .give_up = 1s};
  keep_alive pulse(options, at(0ms));
  CHECK(pulse.check(at(100ms)) == verdict::ping);
  CHECK(pulse.check(at(400ms)) == verdict::fell_silent);
  pulse.heard(at(900ms));
  CHECK_FALSE(pulse.silent());
  CHECK(pulse.check(at(950ms)) == verdict::fine);
  CHECK(pulse.check(at(1000ms)) == verdict::ping);
  CHECK(pulse.check(at(1200ms)) == verdict::fell_silent);
}

TEST_CASE("silence is noticed within interval, patience and two checks, however the checks fall") {
  for (auto phase = 0ms; phase < 50ms; phase += 7ms) {
    keep_alive pulse({}, at(0ms));
    auto t = phase;
    while (pulse.check(at(t)) != verdict::fell_silent) t += 50ms;
    CHECK(t >= 650ms);
    CHECK(t <= 750ms);
  }
}
