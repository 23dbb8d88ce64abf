#include <troupe/balance/lower_of_two.hpp>
#include <troupe/balance/peak_ewma.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_peak_ewma() { return std::make_unique<peak_ewma>(); }

preference peak_ewma::pick(const candidates& among, const request&, random_source& random) {
  return {lower_of_two(among, random, [&](replica_index i) { return among.latency(i); })};
}

}  // namespace troupe::balance
