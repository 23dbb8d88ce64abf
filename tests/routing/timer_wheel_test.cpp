// The timer wheel beside a model of it.
#include <map>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/routing/timer_wheel.hpp>

namespace {

using namespace troupe;
using namespace troupe::routing;

}  // namespace

TEST_CASE("the timer wheel agrees with a sorted map over random use") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    time_point now{duration{static_cast<std::int64_t>(random() >> 20)}};
    timer_wheel wheel(now);
    std::map<std::uint32_t, time_point> model;
    for (int step = 0; step < 2000; ++step) {
      const std::uint32_t index = random.below(64);
      if (random.below(4) == 0) {
        wheel.disarm(index);
        model.erase(index);
      } else {
        const auto far = random.below(10) == 0 ? 20'000'000'000. : 20'000'000.;
        model[index] = now + duration{static_cast<std::int64_t>(random.unit() * far)};
        wheel.arm(index, model[index]);
      }
      if (random.below(3) != 0) continue;
      const duration pass{static_cast<std::int64_t>(random.unit() * (random.below(50) == 0 ? 9e9 : 5e6))};
      // Nothing may be due before the next deadline.
      const time_point next = wheel.next_deadline();
      for (const auto& [who, due] : model) REQUIRE(next <= due + 1ms);
      now += pass;
      std::vector<std::uint32_t> due;
      wheel.advance(now, due);
      for (std::uint32_t who : due) {
        REQUIRE(model.contains(who));
        REQUIRE(model[who] <= now);
        model.erase(who);
      }
      for (const auto& [who, when] : model) REQUIRE(when > now - 1ms);
    }
  }
}

TEST_CASE("a timer that is armed again moves, and one that is disarmed is never due") {
  const time_point now{1000s};
  timer_wheel wheel(now);
  CHECK(wheel.next_deadline() == never);
  wheel.arm(3, now + 5ms);
  wheel.arm(3, now + 50ms);
  wheel.arm(4, now + 20ms);
  wheel.disarm(4);
  wheel.disarm(99);  // was never armed
  std::vector<std::uint32_t> due;
  wheel.advance(now + 49ms, due);
  CHECK(due.empty());
  CHECK(wheel.next_deadline() == now + 50ms);
  wheel.advance(now + 50ms, due);
  CHECK(due == std::vector<std::uint32_t>{3});
  CHECK(wheel.next_deadline() == never);
}

TEST_CASE(
    "what is due already is due with the next tick of the wheel, and what is never due is no deadline soon") {
  const time_point now{1000s};
  timer_wheel wheel(now);
  wheel.arm(0, now - 1h);
  CHECK(wheel.next_deadline() == now + timer_wheel::tick);
  std::vector<std::uint32_t> due;
  wheel.advance(now + timer_wheel::tick, due);
  CHECK(due == std::vector<std::uint32_t>{0});
  wheel.arm(0, never);
  due.clear();
  wheel.advance(now + 24h, due);
  CHECK(due.empty());
}
