#include <troupe/balance/by_latency.hpp>
#include <troupe/balance/least_of.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_by_latency() { return std::make_unique<by_latency>(); }

preference by_latency::pick(const candidates& among, const request&, random_source& random) {
  const double floor = to_seconds(among.settings().cost_floor);
  return {least_of(among, burdens_, random, [&](replica_index i) { return among.latency(i) + floor; })};
}

}  // namespace troupe::balance
