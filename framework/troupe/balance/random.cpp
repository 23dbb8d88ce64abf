#include <troupe/balance/random.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_random() { return std::make_unique<uniform_random>(); }

preference uniform_random::pick(const candidates& among, const request&, random_source& random) {
  return {among[random.below(among.size())]};
}

}  // namespace troupe::balance
