#include <troupe/balance/weighted.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_weighted() { return std::make_unique<weighted>(); }

preference weighted::pick(const candidates& among, const request&, random_source&) {
  return {turns_.take(among, [&](replica_index i) { return among.everyone().facts(i).weight; })};
}

}  // namespace troupe::balance
