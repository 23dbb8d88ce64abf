// How callers of a service that refuses learn to hold back.
#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/retry/throttle.hpp>
#include <troupe/rpc/criticality.hpp>

namespace {

using namespace troupe;
using namespace troupe::retry;
using namespace troupe::rpc;

constexpr time_point start{1000s};

/// A throttle, and what the tests ask of it.
struct throttle_fixture {
  void refuse(criticality of, time_point now) {
    it.sent(of, now);
    it.refused(of, now);
  }
  double chance(criticality of = criticality::normal, duration later = 0s) const {
    return it.probability(of, start + later);
  }

  throttle it{start};
};

}  // namespace

TEST_CASE_FIXTURE(throttle_fixture,
                  "the throttle is the book's formula: it begins where less than half is accepted") {
  for (int i = 0; i < 60; ++i) it.sent(criticality::normal, start);
  for (int i = 0; i < 60; ++i) refuse(criticality::normal, start);
  CHECK(chance() == doctest::Approx(0));
  for (int i = 0; i < 30; ++i) refuse(criticality::normal, start);
  CHECK(chance() == doctest::Approx(30. / 151));
}

TEST_CASE_FIXTURE(throttle_fixture, "the throttle does nothing before there is evidence") {
  for (int i = 0; i < 19; ++i) refuse(criticality::normal, start);
  CHECK(chance() == 0);
  refuse(criticality::normal, start);
  CHECK(chance() > .9);
}

TEST_CASE_FIXTURE(throttle_fixture, "the throttle counts on what has no answer yet") {
  for (int i = 0; i < 100; ++i) it.sent(criticality::normal, start);
  for (int i = 0; i < 30; ++i) it.refused(criticality::normal, start);
  CHECK(chance() == 0);
}

TEST_CASE_FIXTURE(throttle_fixture, "the throttle forgets within seconds") {
  for (int i = 0; i < 100; ++i) refuse(criticality::normal, start);
  CHECK(chance() > .98);
  CHECK(chance(criticality::normal, 20s) == 0);  // 13 of them left
}

TEST_CASE_FIXTURE(throttle_fixture,
                  "the throttle trusts again once ten in half a second came back unrefused") {
  for (int i = 0; i < 3000; ++i) refuse(criticality::normal, start);
  for (int i = 1; i <= 9; ++i) it.sent(criticality::normal, start + i * 60ms);
  CHECK(chance(criticality::normal, 600ms) > .9);
  it.sent(criticality::normal, start + 600ms);
  CHECK(chance(criticality::normal, 600ms) == 0);
}

TEST_CASE_FIXTURE(throttle_fixture, "the throttle does not take a few unrefused ones for a recovery") {
  for (int i = 0; i < 3000; ++i) refuse(criticality::normal, start);
  for (int i = 1; i <= 100; ++i) {
    it.sent(criticality::normal, start + i * 60ms);
    if (i % 8 == 0) it.refused(criticality::normal, start + i * 60ms);
  }
  CHECK(chance(criticality::normal, 6s) > .5);
}

TEST_CASE_FIXTURE(throttle_fixture,
                  "the throttle holds back what is less critical at least as much as what is more") {
  for (int i = 0; i < 100; ++i) refuse(criticality::normal, start);
  for (int i = 0; i < 100; ++i) it.sent(criticality::sheddable, start);
  for (int i = 0; i < 100; ++i) it.sent(criticality::critical, start);
  CHECK(chance(criticality::sheddable) == chance(criticality::normal));
  CHECK(chance(criticality::critical) == 0);
}

TEST_CASE_FIXTURE(throttle_fixture,
                  "the throttle sends about twice what is accepted, and recovers with the service") {
  random_source random(11);
  time_point now = start;
  const auto second = [&](int accepts_a_second) {
    int sent = 0;
    int accepted = 0;
    for (int i = 0; i < 1000; ++i) {
      now += 1ms;
      if (it.refuses(criticality::normal, random, now)) continue;
      ++sent;
      if (accepted * 1000 < accepts_a_second * (i + 1)) {
        ++accepted;
        it.sent(criticality::normal, now);
      } else {
        refuse(criticality::normal, now);
      }
    }
    return sent;
  };
  for (int i = 0; i < 60; ++i) second(100);
  const int sent = second(100);
  CHECK(sent > 170);
  CHECK(sent < 240);
  int seconds = 0;
  while (second(1000) < 1000 && seconds < 60) ++seconds;
  CHECK(seconds <= 20);
}
