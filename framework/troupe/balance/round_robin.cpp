#include <algorithm>

#include <troupe/balance/round_robin.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_round_robin() { return std::make_unique<round_robin>(); }

preference round_robin::pick(const candidates& among, const request&, random_source&) {
  const auto found = std::lower_bound(among.begin(), among.end(), next_);
  const replica_index picked = found == among.end() ? among[0] : *found;
  next_ = picked + 1;
  return {picked};
}

}  // namespace troupe::balance
