#include <troupe/balance/options.hpp>

namespace troupe::balance {

result<void> options::validate() const {
  const auto wrong = [](const char* what) { return result<void>(code::invalid_argument, what); };
  const weights& w = weight;
  for (double each : {w.barred, w.unseen, w.cost, w.load, w.zone, w.affinity, w.suspected})
    if (!(each >= 0)) return wrong("balance: no weight may be negative.");
  if (!(w.barred > w.unseen + w.cost + w.load + w.zone + w.affinity + w.suspected))
    return wrong("balance.weight.barred must be above the sum of all other weights.");
  if (ejection.failures_max < 1 || ejection.requests_min < 1 || ejection.silent_in_flight_min < 1)
    return wrong("balance.ejection: counts must be at least 1.");
  if (!(ejection.success_min > 0 && ejection.success_min <= 1))
    return wrong("balance.ejection.success_min must be above 0 and at most 1.");
  if (!(ejection.sigmas > 0)) return wrong("balance.ejection.sigmas must be above 0.");
  if (ejection.silence_min <= 0s || ejection.first <= 0s || ejection.longest < ejection.first)
    return wrong("balance.ejection: times must be above 0, and `longest` at least `first`.");
  if (!(ejection.jitter >= 0 && ejection.jitter < 1))
    return wrong("balance.ejection.jitter must be in [0, 1).");
  if (latency_decay <= 0s || success_half_life <= 0s || warm_up < 0s)
    return wrong("balance: latency_decay and success_half_life must be above 0, warm_up not below.");
  if (score_age <= 0s || doubt < 0s) return wrong("balance: score_age must be above 0, doubt not below.");
  if (!(probes_per_call >= 0 && probes_per_call <= 3))
    return wrong("balance.probes_per_call must be in [0, 3].");
  if (!(ejection.slow_factor > 1)) return wrong("balance.ejection.slow_factor must be above 1.");
  if (!(success_prior > 0)) return wrong("balance.success_prior must be above 0.");
  if (cost_floor < 0s || bounce_cost < 0s)
    return wrong("balance: cost_floor and bounce_cost must be at least 0.");
  if (!(tie >= 0 && tie < 1)) return wrong("balance.tie must be in [0, 1).");
  if (!(affinity_load_max > 1)) return wrong("balance.affinity_load_max must be above 1.");
  return {};
}

}  // namespace troupe::balance
