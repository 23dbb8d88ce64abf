// How much repeating is allowed. What each option is, and its bounds, stands in `list`.
#pragma once

#include <cstdint>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::retry {

/// The terms of one budget (budget.hpp), in attempts.
struct budget_terms {
  double per_call = 0;
  double per_second = 0;
  double initial = 0;
  double most = 0;
  duration memory = duration::max();  // how long the calls' earnings last
};

struct options {
  // More hardly ever helps: what three replicas refused, the fourth refuses too.
  std::uint32_t attempts_max = 3;

  // The budget of a service (budget.hpp), in attempts. A tenth of the traffic may be repeats.
  double budget_per_call = .1;
  double budget_per_second = 1;
  double budget_initial = 100;  // fades as what is earned does
  double budget_max = 1000;
  // So a service that was well for an hour enters an outage with the repeats of half a second's calls, not
  // with an hour's. Longer: more of what a broken link loses can be repeated at once, where calls take
  // seconds.
  duration budget_memory = 5s;

  // They draw on the budget above as well. "The Tail at Scale" gets nearly all of the gain with 2%.
  double hedges_per_call = .02;

  // Full jitter: the k-th wait is uniform in [0, base * 2^(k-1)), base = clamp(p50, backoff_min,
  // backoff_max).
  duration backoff_min = 5ms;
  duration backoff_max = 50ms;
  duration backoff_longest = 1s;

  // A replica that is starting, restarting or draining refuses without a fault of its own. With nobody else
  // to go to, the k-th wait for it is uniform in [0, min(return_min * 2^(k-1), return_max)).
  duration return_min = 5ms;
  duration return_max = 200ms;

  budget_terms repeats() const {
    return {budget_per_call, budget_per_second, budget_initial, budget_max, budget_memory};
  }
  budget_terms hedges() const { return {hedges_per_call, 0, 1, 20}; }

  static option_list<options> list();
  /// Errors: invalid_argument naming the option, its value and its bounds.
  result<void> validate() const;
};

}  // namespace troupe::retry
