#include <troupe/balance/weighted_by_metrics.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_weighted_by_metrics() { return std::make_unique<weighted_by_metrics>(); }

preference weighted_by_metrics::pick(const candidates& among, const request&, random_source&) {
  const auto weight = [&](replica_index i) {
    return among.capacity(i) * among.success(i) / among.slowness(i);
  };
  return {turns_.take(among, weight)};
}

}  // namespace troupe::balance
