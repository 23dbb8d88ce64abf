#include <troupe/balance/least_loaded.hpp>
#include <troupe/balance/lower_of_two.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_least_loaded() { return std::make_unique<least_loaded>(); }

preference least_loaded::pick(const candidates& among, const request&, random_source& random) {
  return {lower_of_two(among, random, [&](replica_index i) { return among.fullness(i); })};
}

}  // namespace troupe::balance
