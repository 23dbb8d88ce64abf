#include <troupe/balance/consistent_hash.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_consistent_hash() { return std::make_unique<consistent_hash>(); }

preference consistent_hash::pick(const candidates& among, const request& what, random_source& random) {
  if (!what.key) return without_key_.pick(among, what, random);
  const auto owner = among.owner(*what.key);
  return owner ? preference{*owner} : without_key_.pick(among, what, random);
}

}  // namespace troupe::balance
