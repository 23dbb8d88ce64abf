// What is learnt of the methods of one group.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/method_evidence.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

/// Three replicas that take 10 ms for a mean request, and one group.
struct method_fixture {
  method_fixture() {
    for (replica_index i = 0; i < 3; ++i) {
      method.reset(i, true);
      all[i].service = .01;
      all[i].service_at = seconds;
    }
  }
  /// `times` answers, `each` of which took that long to serve and a millisecond more.
  void learn(int times, duration each) {
    for (int i = 0; i < times; ++i)
      method.learn({.trip = each + 1ms, .served = to_seconds(each), .usually = .01},
                   time_point{from_seconds(seconds)}, seconds);
  }
  void refresh() {
    of.refresh(all, seconds, scratch);
    method.refresh(of, 1, all, seconds, scratch);
  }

  double seconds = 50;
  options settings;
  usual of;
  std::vector<replica_evidence> all = std::vector<replica_evidence>(3);
  std::vector<double> scratch;
  method_evidence method{settings, 1};
};

}  // namespace

TEST_CASE("before the first answer nothing is measured, and something is assumed") {
  method_fixture it;
  it.refresh();
  CHECK(it.method.p50() == 0s);
  CHECK(it.method.p99() == 0s);
  CHECK_FALSE(it.method.is_measured());
  CHECK(it.method.at().weight == 1);
  CHECK(it.method.at().base > 0);
  CHECK(it.method.at().penalty > 0);
  CHECK_FALSE(it.method.is_slow(1000, 1, 0));
}

TEST_CASE("round trips are told by their quantiles, of the last ten seconds or so") {
  method_fixture it;
  it.learn(96, 9ms);
  it.learn(4, 499ms);
  it.refresh();
  CHECK(it.method.p50() > 7ms);
  CHECK(it.method.p50() < 13ms);
  CHECK(it.method.p95() < 13ms);
  CHECK(it.method.p99() > 350ms);
  it.seconds += 120;
  it.learn(100, 1ms);
  it.refresh();
  CHECK(it.method.p50() < 3ms);
  CHECK(it.method.p99() < 13ms);
}

TEST_CASE("a group whose requests take three times the mean one's weighs three, until they do no more") {
  method_fixture it;
  it.learn(50, 30ms);
  it.refresh();
  CHECK(it.method.is_measured());
  CHECK(it.method.at().weight == doctest::Approx(3));
  CHECK(it.method.at().base == doctest::Approx(.03));
  it.seconds += 60;
  it.learn(50, 10ms);
  it.refresh();
  CHECK(it.method.at().weight == doctest::Approx(1).epsilon(.05));
}

TEST_CASE("a failure is charged ten usual round trips at least, and what the slowest take") {
  method_fixture it;
  it.learn(200, 10ms);
  it.refresh();
  CHECK(it.method.at().penalty > .09);
  CHECK(it.method.at().penalty < .2);
  it.learn(20, 2s);
  it.refresh();
  CHECK(it.method.at().penalty > 1.5);
}

TEST_CASE("a round trip is slow when neither the queue nor the path explains it, and not for little") {
  method_fixture it;
  it.learn(50, 10ms);
  it.refresh();
  CHECK(it.method.is_slow(1, 1, 0));
  CHECK_FALSE(it.method.is_slow(.05, 1, 0));
  CHECK_FALSE(it.method.is_slow(1, 20, 0));
  CHECK_FALSE(it.method.is_slow(1, 1, .2));
  CHECK(it.method.is_slow(1, 1, -5));
}

TEST_CASE("the medians are due at first, when they are old, and when somebody came or the first answer did") {
  method_fixture it;
  CHECK(it.method.is_due(it.seconds, .01));
  it.refresh();
  CHECK_FALSE(it.method.is_due(it.seconds, .01));
  CHECK_FALSE(it.method.is_due(it.seconds + .009, .01));
  CHECK(it.method.is_due(it.seconds + .011, .01));
  it.method.forget();
  CHECK(it.method.is_due(it.seconds, .01));
  it.refresh();
  it.learn(1, 10ms);
  CHECK(it.method.is_due(it.seconds, .01));
  it.refresh();
  it.learn(1, 10ms);
  CHECK_FALSE(it.method.is_due(it.seconds, .01));
}

TEST_CASE("outcomes are each replica's own, and one that is new at an index has none") {
  method_fixture it;
  for (int i = 0; i < 20; ++i) {
    it.method.count(0, outcome_counts::end::success, it.seconds);
    it.method.count(1, outcome_counts::end::failure, it.seconds);
  }
  it.refresh();
  const auto success = [&](replica_index i) {
    return it.method.counts(i).success(it.method.at(), it.settings);
  };
  CHECK(it.method.at().success == doctest::Approx(.5).epsilon(.1));
  CHECK(success(0) > .9);
  CHECK(success(1) < .1);
  CHECK(success(2) == doctest::Approx(it.method.at().success));
  it.method.reset(1, true);
  CHECK(success(1) == doctest::Approx(it.method.at().success));
  it.method.forget_outcomes(0, it.seconds);
  CHECK(success(0) == doctest::Approx(it.method.at().success));
}

TEST_CASE("what replicas cost is measured at those that have answered, and one that fails costs more") {
  method_fixture it;
  it.learn(50, 10ms);
  it.all[0].last_answer = it.all[1].last_answer = it.seconds;
  it.refresh();
  const auto sound = it.method.at().cost_upper;
  CHECK(it.method.at().cost_median <= sound);
  for (replica_index i = 0; i < 2; ++i)
    for (int n = 0; n < 20; ++n) it.method.count(i, outcome_counts::end::failure, it.seconds);
  it.refresh();
  CHECK(it.method.at().cost_median > 2 * sound);
}

TEST_CASE("a look sees the time and the load as they are, and leaves the medians") {
  method_fixture it;
  it.learn(50, 10ms);
  it.refresh();
  const auto before = it.method.at();
  for (int i = 0; i < 6; ++i) it.of.began();
  it.method.look(it.seconds + .005, it.of, 3);
  CHECK(it.method.at().seconds == it.seconds + .005);
  CHECK(it.method.at().load_mean == doctest::Approx(2));
  CHECK(it.method.at().refreshed == before.refreshed);
  CHECK(it.method.at().base == before.base);
}
