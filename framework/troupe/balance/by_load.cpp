#include <troupe/balance/by_load.hpp>
#include <troupe/balance/least_of.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_by_load() { return std::make_unique<by_load>(); }

preference by_load::pick(const candidates& among, const request&, random_source& random) {
  return {least_of(among, burdens_, random, [&](replica_index i) { return among.fullness(i); })};
}

}  // namespace troupe::balance
