#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <troupe/base/time.hpp>

namespace troupe {

namespace {

struct unit {
  std::string_view name;
  double nanos;
};

constexpr std::array<unit, 6> units = {
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr double longest_nanos = 24 * 3600e9;

}  // namespace

result<duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && number >= 0) {
    const std::string_view name(rest, text.data() + text.size());
    for (const auto& candidate : units)
      if (name == candidate.name && number * candidate.nanos <= longest_nanos)
        return duration(std::llround(number * candidate.nanos));
  }
  return error{code::invalid_argument,
               "'" + std::string(text) +
                   "' is not a duration: write a number of at most 24 h and a unit, such as "
                   "250us, 300ms, 1.5s, 2m or 1h"};
}

std::string format_duration(duration value) {
  const auto nanos = static_cast<double>(value.count());
  const double size = std::abs(nanos);
  // A unit ends where three digits would round up to its next: 999.7 us is 1 ms.
  const unit& shown = size < 999.5          ? units[0]
                      : size < 999.5e3      ? units[1]
                      : size < 999.5e6      ? units[2]
                      : size < 119.5e9      ? units[3]
                      : size < 119.5 * 60e9 ? units[4]
                                            : units[5];
  const double number = nanos / shown.nanos;
  std::array<char, 48> text{};
  // %g would print an exponent from 999.5 on, which only hours reach.
  std::snprintf(text.data(), text.size(), std::abs(number) < 999.5 ? "%.3g %.*s" : "%.0f %.*s", number,
                static_cast<int>(shown.name.size()), shown.name.data());
  return text.data();
}

}  // namespace troupe
