// How often a replica is thought to succeed, from how its calls end.
#include <doctest/doctest.h>

#include <troupe/balance/outcome_counts.hpp>
#include <troupe/base/random.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

using end = outcome_counts::end;

/// One replica, ten calls a second.
struct counts_fixture {
  void play(int calls, end how) {
    for (int i = 0; i < calls; ++i) counts.count(how, settings, at.seconds += .1);
  }
  /// What is thought of it `later`, in seconds.
  double success(double later = 0) const {
    auto then = at;
    then.seconds += later;
    return counts.success(then, settings);
  }

  options settings;
  outcome_counts counts;
  moment at{.seconds = 100};
};

}  // namespace

TEST_CASE("of whom nothing is known, what all are like is expected") {
  counts_fixture it;
  for (const double mean : {0., .3, 1.}) {
    it.at.success = mean;
    CHECK(it.success() == doctest::Approx(mean));
  }
}

TEST_CASE("the share of successes is a share, and near the true one after many calls") {
  counts_fixture it;
  random_source random(5);
  it.at.success = .5;
  for (int i = 0; i < 2000; ++i) {
    it.play(1, random.unit() < .7 ? end::success : end::failure);
    REQUIRE(it.success() >= 0);
    REQUIRE(it.success() <= 1);
  }
  CHECK(it.success() > .5);
  CHECK(it.success() < .85);
}

TEST_CASE("what was seen of a replica is forgotten with time, in favour of what all are like") {
  counts_fixture it;
  it.at.success = .9;
  it.play(100, end::failure);
  CHECK(it.success() < .1);
  CHECK(it.success(10) > it.success());
  CHECK(it.success(60) > it.success(30));
  CHECK(it.success(600) == doctest::Approx(.9).epsilon(.02));
}

TEST_CASE("few calls say little") {
  counts_fixture few;
  counts_fixture many;
  few.at.success = many.at.success = .5;
  few.play(1, end::success);
  many.play(50, end::success);
  CHECK(few.success() < .7);
  CHECK(many.success() > .9);
}

TEST_CASE("where failures are rare, one is a sign; where they are common, it is one of many") {
  counts_fixture rare;
  counts_fixture common;
  common.at.success = .9;
  for (auto* each : {&rare, &common}) each->play(100, end::success);
  const auto lost_by_a_failure = [](counts_fixture& it) {
    const double before = it.success();
    it.play(1, end::failure);
    return before - it.success();
  };
  CHECK(lost_by_a_failure(rare) > .3);
  CHECK(lost_by_a_failure(common) < .1);
}

TEST_CASE("the doubt after a failure passes, and a longer row of them is doubted for longer") {
  counts_fixture once;
  counts_fixture often;
  for (auto* each : {&once, &often}) each->play(400, end::success);
  once.play(1, end::failure);
  often.play(3, end::failure);
  CHECK(once.success(5) > once.success());
  CHECK(once.success(40) > .95);
  CHECK(often.success(30) < once.success(30) - .05);
}

TEST_CASE("a success ends the doubt after one failure, and a row of failures takes as many") {
  counts_fixture it;
  it.play(400, end::success);
  it.play(1, end::failure);
  CHECK(it.success() < .7);
  it.play(1, end::success);
  CHECK(it.success() > .95);
  it.play(3, end::failure);
  it.play(2, end::success);
  CHECK(it.success() < .8);
  it.play(1, end::success);
  CHECK(it.success() > .95);
}

TEST_CASE("an outage of all singles out nobody") {
  counts_fixture luckier;
  counts_fixture other;
  for (auto* each : {&luckier, &other}) {
    each->play(50, end::success);
    each->at.success = .05;
    each->play(40, end::failure);
  }
  luckier.play(1, end::success);
  other.play(1, end::failure);
  CHECK(luckier.success() - other.success() < .05);
}

TEST_CASE(
    "errors that all replicas give are the application's; what one has more of than its peers counts as "
    "failed") {
  counts_fixture it;
  it.at.errors = .3;
  random_source random(3);
  for (int i = 0; i < 100; ++i) it.play(1, random.below(10) < 3 ? end::error : end::success);
  CHECK(it.success() > .95);
  it.play(100, end::error);
  CHECK(it.success() < .7);
}

TEST_CASE("where nobody else gives errors, four in a row tell enough, and one does not") {
  counts_fixture it;
  it.play(1, end::error);
  CHECK(it.success() > .6);
  it.play(3, end::error);
  CHECK(it.success() < .4);
  CHECK(it.success(120) > .9);  // then it is worth a try
}
