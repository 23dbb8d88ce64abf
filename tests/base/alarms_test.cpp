#include <doctest/doctest.h>

#include <troupe/base/alarms.hpp>

using namespace troupe;

namespace {

enum class deadline { probe, resend, count };
constexpr time_point start{};

}  // namespace

TEST_CASE("alarms that were never set are never due") {
  alarms<deadline> all;
  CHECK(all.next() == never);
  CHECK_FALSE(all.is_set(deadline::probe));
  CHECK_FALSE(all.due(deadline::probe, start + 24h));
}

TEST_CASE("the next alarm is the earliest of them") {
  alarms<deadline> all;
  all.set(deadline::probe, start + 3s);
  all.set(deadline::resend, start + 1s);
  CHECK(all.next() == start + 1s);
  all.clear(deadline::resend);
  CHECK(all.next() == start + 3s);
}

TEST_CASE("an alarm is taken once, from its time on") {
  alarms<deadline> all;
  all.set(deadline::probe, start + 3s);
  CHECK_FALSE(all.take(deadline::probe, start + 3s - 1ns));
  CHECK(all.take(deadline::probe, start + 3s));
  CHECK_FALSE(all.take(deadline::probe, start + 4s));
}

TEST_CASE("an alarm that is set by a time rings no later than that") {
  alarms<deadline> all;
  all.set_by(deadline::probe, start + 3s);
  all.set_by(deadline::probe, start + 5s);
  CHECK(all.at(deadline::probe) == start + 3s);
  all.set_by(deadline::probe, start + 1s);
  CHECK(all.at(deadline::probe) == start + 1s);
}
