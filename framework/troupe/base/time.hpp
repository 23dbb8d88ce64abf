// Time as the framework sees it: one monotonic axis, in nanoseconds, that nothing in here can read.
//
// The cores (the pure rooms of framework/rooms.txt) are handed `now` as an argument. The axis has no `now()`
// of its own, so a core cannot look at a clock even by accident, and a simulator can run years in a second.
// The shells turn the kernel's CLOCK_MONOTONIC into a `time_point` in one place (actor/clock.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <troupe/base/result.hpp>

namespace troupe {

/// Nanoseconds, signed. Covers 292 years: additions of sane timeouts cannot overflow.
using duration = std::chrono::nanoseconds;

/// The tag of the monotonic axis. Deliberately without `now()`.
struct monotonic {
  using rep = std::chrono::nanoseconds::rep;
  using period = std::chrono::nanoseconds::period;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<monotonic, std::chrono::nanoseconds>;
  static constexpr bool is_steady = true;
};

/// A point on the monotonic axis of one process. Comparable only within that process.
using time_point = monotonic::time_point;

/// "Never": later than every real point.
inline constexpr time_point never = time_point::max();

using namespace std::chrono_literals;

constexpr double to_seconds(duration value) { return std::chrono::duration<double>(value).count(); }
constexpr double to_millis(duration value) {
  return std::chrono::duration<double, std::milli>(value).count();
}

/// Whole microseconds, as durations travel; 0 for a negative one.
constexpr std::uint64_t to_micros(duration value) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

constexpr duration from_seconds(double seconds) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

/// Reads "250us", "300ms", "1.5s", "2m", "1h". Errors: invalid_argument naming the text, for anything
/// else, for a negative number and for more than 24 h.
result<duration> parse_duration(std::string_view text);

/// The shortest of the same forms, with at most three significant decimals: "300 ms", "4.1 s".
std::string format_duration(duration value);

}  // namespace troupe
