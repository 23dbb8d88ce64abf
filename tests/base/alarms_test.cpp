#include <doctest/doctest.h>

#include <troupe/base/alarms.hpp>

using namespace troupe;

namespace {

enum class alarm { probe, resend, count };
constexpr time_point start{};

}  // namespace

TEST_CASE("alarms that were never set are never due") {
  alarms<alarm> all;
  CHECK(all.next() == never);
  CHECK_FALSE(all.is_set(alarm::probe));
  CHECK_FALSE(all.due(alarm::probe, start + 24h));
}

TEST_CASE("the next alarm is the earliest of them") {
  alarms<alarm> all;
  all.set(alarm::probe, start + 3s);
  all.set(alarm::resend, start + 1s);
  CHECK(all.next() == start + 1s);
  all.clear(alarm::resend);
  CHECK(all.next() == start + 3s);
}

TEST_CASE("an alarm is taken once, from its time on") {
  alarms<alarm> all;
  all.set(alarm::probe, start + 3s);
  CHECK_FALSE(all.take(alarm::probe, start + 3s - 1ns));
  CHECK(all.take(alarm::probe, start + 3s));
  CHECK_FALSE(all.take(alarm::probe, start + 4s));
}

TEST_CASE("an alarm that is set by a time rings no later than that") {
  alarms<alarm> all;
  all.set_by(alarm::probe, start + 3s);
  all.set_by(alarm::probe, start + 5s);
  CHECK(all.at(alarm::probe) == start + 3s);
  all.set_by(alarm::probe, start + 1s);
  CHECK(all.at(alarm::probe) == start + 1s);
}
