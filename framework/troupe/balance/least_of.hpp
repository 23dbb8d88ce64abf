// For policies that look at one quantity of all candidates: the least of it wins.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <troupe/balance/candidates.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

/// Who wants a trial; else the one with the least `burden(replica)`, which is > 0, uniformly among those
/// within options::tie of it, relatively. Whoever is doubtful comes after all others. `burdens` is
/// overwritten; kept by the caller, so that a pick allocates nothing. O(candidates).
template <class Burden>
replica_index least_of(const candidates& among, std::vector<double>& burdens, random_source& random,
                       Burden burden) {
  constexpr double last_resort = 1e6;  // times the burden of who is known
  burdens.resize(among.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < among.size(); ++k) {
    const replica_index i = among[k];
    if (among.wants_trial(i)) return i;
    burdens[k] = burden(i) * (among.is_doubtful(i) ? last_resort : 1);
    least = std::min(least, burdens[k]);
  }
  const double limit = least * (1 + among.settings().tie);
  std::uint32_t equals = 0;
  for (const double each : burdens) equals += each <= limit;
  std::uint32_t nth = random.below(equals);
  std::size_t k = 0;
  while (burdens[k] > limit || nth-- > 0) ++k;
  return among[k];
}

}  // namespace troupe::balance
