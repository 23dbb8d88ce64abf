// The one place where the monotonic clock is read.
#pragma once

#include <ctime>

#include <troupe/base/time.hpp>

namespace troupe::runtime {

/// CLOCK_MONOTONIC.
inline time_point now() {
  timespec reading{};
  clock_gettime(CLOCK_MONOTONIC, &reading);
  return time_point(std::chrono::seconds(reading.tv_sec) + std::chrono::nanoseconds(reading.tv_nsec));
}

}  // namespace troupe::runtime
