#include <string>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>

using namespace troupe;

namespace {

duration parsed(std::string_view text) {
  const auto value = parse_duration(text);
  REQUIRE_MESSAGE(value, text);
  return *value;
}

}  // namespace

TEST_CASE("a duration is a number and a unit from nanoseconds to hours") {
  CHECK(parsed("250ns") == 250ns);
  CHECK(parsed("250us") == 250us);
  CHECK(parsed("300ms") == 300ms);
  CHECK(parsed("1.5s") == 1500ms);
  CHECK(parsed("2m") == 2min);
  CHECK(parsed("1h") == 1h);
  CHECK(parsed("0s") == 0s);
}

TEST_CASE("a decimal fraction is read as the nearest nanosecond") {
  CHECK(parsed("0.3s") == 300ms);
  CHECK(parsed("1.001ms") == 1001us);
  CHECK(parsed("4.035us") == 4035ns);
  CHECK(parsed("1.1h") == 66min);
  CHECK(parsed("0.29s") == 290ms);
}

TEST_CASE("a duration may be as long as a day and not longer") {
  CHECK(parsed("24h") == 24h);
  CHECK_FALSE(parse_duration("24.1h"));
  CHECK_FALSE(parse_duration("1e300s"));
  CHECK_FALSE(parse_duration("inf s"));
  CHECK_FALSE(parse_duration("infs"));
  CHECK_FALSE(parse_duration("nans"));
}

TEST_CASE("what is not a duration is refused with its text and an example") {
  for (const std::string text :
       {"", "300", "ms", "300 parsecs", "-1s", "-0.5s", "1s ", " 1s", "1 s", "1,5s", "0x10s", "1S", "s1"}) {
    CAPTURE(text);
    const auto value = parse_duration(text);
    REQUIRE_FALSE(value);
    CHECK(value.error().code == code::invalid_argument);
    CHECK(value.error().text.find("'" + text + "'") == 0);
    CHECK(value.error().text.find("300ms") != std::string::npos);
  }
}

TEST_CASE("a duration prints with a unit that a person would choose") {
  CHECK(format_duration(0ns) == "0 ns");
  CHECK(format_duration(17ns) == "17 ns");
  CHECK(format_duration(16us) == "16 us");
  CHECK(format_duration(300ms) == "300 ms");
  CHECK(format_duration(4100ms) == "4.1 s");
  CHECK(format_duration(90s) == "90 s");
  CHECK(format_duration(2min) == "2 m");
  CHECK(format_duration(3h) == "3 h");
  CHECK(format_duration(-5ms) == "-5 ms");
}

TEST_CASE("a duration prints three significant digits and never an exponent") {
  CHECK(format_duration(1234us) == "1.23 ms");
  CHECK(format_duration(999us + 999ns) == "1 ms");
  CHECK(format_duration(999ms + 999us) == "1 s");
  CHECK(format_duration(119s) == "119 s");
  CHECK(format_duration(100h) == "100 h");
  CHECK(format_duration(24h * 365) == "8760 h");
  random_source random(20260101);
  for (int i = 0; i < 2000; ++i) {
    const auto text = format_duration(duration(static_cast<duration::rep>(random() >> random.below(63))));
    CAPTURE(text);
    CHECK(text.find('e') == std::string::npos);
  }
}

TEST_CASE("what was printed reads back, without the blank, to within its digits") {
  random_source random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto original = duration(static_cast<duration::rep>(random() % (24 * 3600'000'000'000ULL)));
    auto text = format_duration(original);
    CAPTURE(text);
    text.erase(text.find(' '), 1);
    const auto back = parsed(text);
    CHECK(to_seconds(back) == doctest::Approx(to_seconds(original)).epsilon(0.006));
  }
}

TEST_CASE("never is later than every point that a process will see") {
  CHECK(time_point{} + 100 * 365 * 24h < never);
  CHECK(from_seconds(1.5) == 1500ms);
  CHECK(to_seconds(250ms) == 0.25);
  CHECK(to_millis(1500us) == 1.5);
}

TEST_CASE("durations travel as whole microseconds, never negative") {
  CHECK(to_micros(1999ns) == 1);
  CHECK(to_micros(2ms) == 2000);
  CHECK(to_micros(-5s) == 0);
}
