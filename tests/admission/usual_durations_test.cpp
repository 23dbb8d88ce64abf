// How long methods usually take, and what is still worth beginning.
#include <doctest/doctest.h>

#include <troupe/admission/usual_durations.hpp>
#include <troupe/base/random.hpp>

using namespace troupe;
using namespace troupe::admission;

namespace {

constexpr std::uint64_t get = 1, report = 2;

void note(usual_durations& it, std::uint64_t method, duration took, int times) {
  for (int i = 0; i < times; ++i) it.note(method, took);
}

}  // namespace

TEST_CASE("each method has its own usual duration, once a few were seen") {
  usual_durations it;
  note(it, get, 10ms, 7);
  CHECK(it.of(get) == 0s);
  note(it, get, 10ms, 50);
  note(it, report, 2s, 50);
  CHECK(to_millis(it.of(get)) == doctest::Approx(10).epsilon(.06));
  CHECK(to_millis(it.of(report)) == doctest::Approx(2000).epsilon(.06));
}

TEST_CASE("usual is the median: a tenth that takes a hundred times as long does not move it") {
  usual_durations it;
  random_source random(1);
  for (int i = 0; i < 5000; ++i) it.note(get, random.below(10) == 0 ? 1s : 10ms);
  CHECK(to_millis(it.of(get)) == doctest::Approx(10).epsilon(.3));
}

TEST_CASE("a method that becomes ten times slower is known to be within a hundred requests") {
  usual_durations it;
  note(it, get, 10ms, 1000);
  note(it, get, 100ms, 100);
  CHECK(to_millis(it.of(get)) == doctest::Approx(100).epsilon(.1));
}

TEST_CASE("what is left has to be the usual time and a little") {
  usual_durations it;
  note(it, get, 10ms, 100);
  CHECK(it.fits(get, 12ms));
  CHECK_FALSE(it.fits(get, 9ms));
  CHECK(it.fits(report, 1ms));  // nobody knows
  CHECK_FALSE(it.fits(report, 0ms));
}

TEST_CASE("methods beyond the sixty-fourth are begun as if nothing were known") {
  usual_durations it;
  for (std::uint64_t method = 0; method < 100; ++method) note(it, method, 10ms, 20);
  CHECK(it.of(63) > 0s);
  CHECK(it.of(64) == 0s);
}
