// The one place where clocks are read.
#pragma once

#include <cstdint>
#include <ctime>

#include <troupe/base/time.hpp>

namespace troupe::actor {

/// CLOCK_MONOTONIC.
inline time_point now() {
  timespec reading{};
  clock_gettime(CLOCK_MONOTONIC, &reading);
  return time_point(std::chrono::seconds(reading.tv_sec) + std::chrono::nanoseconds(reading.tv_nsec));
}

/// CLOCK_REALTIME, in whole seconds since 1970: only for what outlives the process.
inline std::uint64_t wall_seconds() {
  timespec reading{};
  clock_gettime(CLOCK_REALTIME, &reading);
  return static_cast<std::uint64_t>(reading.tv_sec);
}

/// The same in microseconds: what tells one life of a node from the next.
inline std::uint64_t wall_micros() {
  timespec reading{};
  clock_gettime(CLOCK_REALTIME, &reading);
  return static_cast<std::uint64_t>(reading.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(reading.tv_nsec) / 1000;
}

}  // namespace troupe::actor
