#include <doctest/doctest.h>

#include <troupe/balance/latency_histogram.hpp>

using namespace troupe;
using namespace troupe::balance;

TEST_CASE("the latency histogram") {
  latency_histogram it;
  time_point now{500s};
  SUBCASE("knows nothing when empty") { CHECK(it.quantile(.5) == 0s); }
  SUBCASE("finds quantiles to within a quarter, over seven decades") {
    for (duration scale : {duration{10us}, duration{1ms}, duration{100ms}, duration{10s}}) {
      latency_histogram each;
      for (int i = 1; i <= 1000; ++i) each.record(scale * i / 1000, now);
      for (double q : {.5, .9, .99}) {
        const double error = to_seconds(each.quantile(q)) / (to_seconds(scale) * q);
        CHECK(error > .75);
        CHECK(error < 1.25);
      }
    }
  }
  SUBCASE("forgets by half every ten seconds") {
    for (int i = 0; i < 100; ++i) it.record(1s, now);
    it.fade(now + 20s);
    CHECK(it.count() == doctest::Approx(25).epsilon(.01));
    for (int i = 0; i < 75; ++i) it.record(1ms, now + 20s);
    CHECK(it.quantile(.5) < 2ms);
  }
  SUBCASE("takes any sample") {
    for (duration odd : {duration::min(), duration{-5s}, duration{0}, duration{1}, duration::max()})
      it.record(odd, now);
    CHECK(it.count() == 5);
    CHECK(it.quantile(1) > 60s);
    CHECK(it.quantile(0) >= 0s);
  }
}
