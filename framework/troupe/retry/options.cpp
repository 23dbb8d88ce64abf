#include <troupe/retry/options.hpp>

namespace troupe::retry {

result<void> options::validate() const {
  const auto wrong = [](const char* what) { return result<void>(code::invalid_argument, what); };
  if (attempts_max < 1 || attempts_max > 8) return wrong("retry.attempts_max must be 1 to 8.");
  if (!(budget_per_call >= 0 && budget_per_call <= 1))
    return wrong("retry.budget_per_call must be in [0, 1].");
  if (!(budget_per_second >= 0)) return wrong("retry.budget_per_second must not be negative.");
  if (!(budget_initial >= 0 && budget_max >= budget_initial))
    return wrong("retry.budget_initial must not be negative, nor above budget_max.");
  if (budget_memory <= 0s) return wrong("retry.budget_memory must be above 0.");
  if (!(hedges_per_call >= 0 && hedges_per_call <= .1))
    return wrong("retry.hedges_per_call must be in [0, .1].");
  if (return_min <= 0s || return_max < return_min)
    return wrong("retry: 0 < return_min <= return_max must hold.");
  if (backoff_min <= 0s || backoff_max < backoff_min || backoff_longest < backoff_max)
    return wrong("retry: 0 < backoff_min <= backoff_max <= backoff_longest must hold.");
  return {};
}

}  // namespace troupe::retry
