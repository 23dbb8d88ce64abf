#include <troupe/balance/maglev.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_maglev() { return std::make_unique<maglev>(); }

void maglev::build(const presence& everyone) {
  members_.clear();
  for (replica_index i = 0; i < everyone.size(); ++i)
    if (!everyone.is(i, standing::absent)) members_.push_back({everyone.hash(i), i});
  table_.build(members_);
  generation_ = everyone.generation();
}

preference maglev::pick(const candidates& among, const request& what, random_source& random) {
  if (!what.key) return otherwise_.pick(among, what, random);
  if (table_.empty() || generation_ != among.everyone().generation()) build(among.everyone());
  const double bound = among.fullest();
  for (std::uint32_t nth = 0; nth < key_ring::probes; ++nth) {
    const replica_index i = table_.owner(*what.key, nth);
    if (among.contains(i) && among.load(i) + 1 <= bound) return {i};
  }
  return otherwise_.pick(among, what, random);
}

}  // namespace troupe::balance
