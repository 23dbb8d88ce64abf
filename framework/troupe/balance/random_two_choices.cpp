#include <troupe/balance/lower_of_two.hpp>
#include <troupe/balance/random_two_choices.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_random_two_choices() { return std::make_unique<random_two_choices>(); }

preference random_two_choices::pick(const candidates& among, const request&, random_source& random) {
  return {lower_of_two(among, random, [&](replica_index i) { return among.own_in_flight(i); })};
}

}  // namespace troupe::balance
