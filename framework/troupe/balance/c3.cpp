#include <troupe/balance/c3.hpp>
#include <troupe/balance/least_of.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_c3() { return std::make_unique<c3>(); }

preference c3::pick(const candidates& among, const request&, random_source& random) {
  const auto burden = [&](replica_index i) {
    const double service = among.now().base * among.slowness(i);
    const double queue = 1 + among.load(i);
    return among.latency(i) - service + queue * queue * queue * service;
  };
  return {least_of(among, burdens_, random, burden)};
}

}  // namespace troupe::balance
