#include <algorithm>
#include <limits>

#include <troupe/balance/by_faults.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_by_faults() { return std::make_unique<by_faults>(); }

preference by_faults::pick(const candidates& among, const request& what, random_source& random) {
  failing_.resize(among.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < among.size(); ++k) {
    const replica_index i = among[k];
    if (among.wants_trial(i)) return {i};
    failing_[k] = 1 - among.success(i) + (among.is_doubtful(i) ? 1 : 0);
    least = std::min(least, failing_[k]);
  }
  equals_.reserve(among.size());
  equals_.clear();
  for (std::size_t k = 0; k < among.size(); ++k)
    if (failing_[k] <= least + among.settings().tie) equals_.push_back(among[k]);
  return among_equals_.pick(among.only(equals_), what, random);
}

}  // namespace troupe::balance
