#include <vector>

#include <troupe/actor/clock.hpp>
#include <troupe/transport/timer.hpp>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

TEST_CASE("a timer rings once, in time, and by the earliest of what it was armed for") {
  loop_fixture where;
  std::vector<time_point> rung;
  timer alarm(where.loop(), [&] { rung.push_back(actor::now()); });
  const auto began = actor::now();
  where.on_loop([&] {
    alarm.start();
    alarm.ring_by(never);
    alarm.ring_by(began + 1h);
    alarm.ring_by(began + 30ms);
    alarm.ring_by(began + 40ms);
  });
  REQUIRE(where.eventually([&] { return rung.size() == 1; }));
  CHECK(rung[0] - began >= 30ms);
  where.on_loop([&] { alarm.ring_by(time_point{} - 5s); });
  REQUIRE(where.eventually([&] { return rung.size() == 2; }));
  where.on_loop([&] {
    alarm.stop();
    alarm.ring_by(began);
  });
  where.on_loop([] {});
  CHECK(rung.size() == 2);
}

}  // namespace troupe::transport
