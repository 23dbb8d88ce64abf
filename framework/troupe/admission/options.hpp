// How much one service lets in.
#pragma once

#include <cstdint>

namespace troupe::admission {

/// Who decides how many requests a service holds.
enum class concurrency : std::uint8_t {
  fixed,     // in_flight_max does
  adaptive,  // what it is seen to serve does (concurrency_limit.hpp), below in_flight_max
};

struct options {
  /// Requests let in and not yet answered; beyond it they are refused as overloaded. 1 to 1,000,000. Normal
  /// ones may use 90% of it, sheddable ones 70% (allowance.hpp).
  std::uint32_t in_flight_max = 1024;
  /// `fixed` is for requests that wait long on purpose and are few.
  admission::concurrency concurrency = admission::concurrency::adaptive;
  /// How many it executes at once without one waiting for another: 1 for an actor, which has one turn at a
  /// time. From 1.
  std::uint32_t workers = 1;
};

}  // namespace troupe::admission
