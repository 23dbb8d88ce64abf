// When a service takes requests, and when one that died is started again.
#include <doctest/doctest.h>

#include <troupe/admission/lifecycle.hpp>

using namespace troupe;
using namespace troupe::admission;
using phase = lifecycle::phase;

TEST_CASE("a service that keeps dying is restarted ever later, up to 10 s") {
  CHECK(restart_delay(0) == 100ms);
  CHECK(restart_delay(1) == 200ms);
  CHECK(restart_delay(6) == 6400ms);
  CHECK(restart_delay(7) == 10s);
  CHECK(restart_delay(4'000'000'000u) == 10s);
}

TEST_CASE("a service serves once its first life has begun, and in later lives from their launch on") {
  lifecycle it;
  time_point now{1000s};
  CHECK(it.now() == phase::starting);
  it.launched(now);
  CHECK(it.now() == phase::starting);
  it.began();
  CHECK(it.now() == phase::serving);
  CHECK(it.restart_at() == never);
  CHECK(it.died(now += 1s) == 100ms);
  CHECK(it.now() == phase::waiting_to_restart);
  CHECK(it.restart_at() == now + 100ms);
  it.launched(now += 100ms);
  CHECK(it.now() == phase::serving);
  CHECK(it.restart_at() == never);
  it.began();
  CHECK(it.now() == phase::serving);
  CHECK(it.restarts() == 1);
}

TEST_CASE("the backoff begins anew after a life of more than ten seconds") {
  lifecycle it;
  time_point now{1000s};
  it.launched(now);
  it.began();
  CHECK(it.died(now += 1s) == 100ms);
  it.launched(now);
  CHECK(it.died(now += 10s) == 200ms);
  it.launched(now);
  CHECK(it.died(now += 11s) == 100ms);
  CHECK(it.restarts() == 3);
}

TEST_CASE("a service that was stopped is not restarted") {
  lifecycle it;
  it.launched(time_point{1000s});
  it.began();
  (void)it.died(time_point{1001s});
  it.stopped();
  CHECK(it.now() == phase::stopped);
  CHECK(it.restart_at() == never);
}
