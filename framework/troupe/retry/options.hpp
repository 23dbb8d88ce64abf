// How much repeating is allowed, for every service alike.
#pragma once

#include <cstdint>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::retry {

struct options {
  // Attempts of one call that reached a replica, the first included; 1 to 8. More hardly ever helps: what
  // three replicas refused, the fourth refuses too.
  std::uint32_t attempts_max = 3;

  // The budget of a service (budget.hpp), in attempts. A tenth of the traffic may be repeats.
  double budget_per_call = .1;   // earned by each call; 0 to 1
  double budget_per_second = 1;  // earned by time, so that a quiet service can repeat at all; >= 0
  double budget_initial = 100;   // >= 0
  double budget_max = 1000;      // what can be saved up: a broken link's calls fail over at once; >= initial

  // Full jitter: the k-th wait is uniform in [0, base * 2^(k-1)), base = clamp(p50, backoff_min,
  // backoff_max).
  duration backoff_min = 5ms;     // > 0
  duration backoff_max = 50ms;    // >= backoff_min
  duration backoff_longest = 1s;  // bounds base * 2^(k-1); >= backoff_max

  /// Errors: invalid_argument naming the option and its bound.
  result<void> validate() const;
};

}  // namespace troupe::retry
