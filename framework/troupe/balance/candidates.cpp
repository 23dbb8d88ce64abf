#include <troupe/balance/candidates.hpp>

namespace troupe::balance {

float candidates::lowest_score() const {
  if (whole_) return kept_->scores().lowest();
  float lowest = scoreboard::out;
  for (const replica_index i : list_) lowest = std::min(lowest, score(i));
  return lowest;
}

preference candidates::draw_lowest(random_source& random) const {
  const auto tie = static_cast<float>(settings().tie);
  if (whole_) {
    const scoreboard::drawn found = kept_->scores().draw(tie, random);
    return {found.index, found.runner_up};
  }
  std::vector<float>& scores = *scratch_;
  scores.resize(list_.size());
  float lowest = scoreboard::out;
  for (std::size_t k = 0; k < list_.size(); ++k) {
    scores[k] = score(list_[k]);
    lowest = std::min(lowest, scores[k]);
  }
  std::uint32_t equals = 0;
  for (const float each : scores) equals += each <= lowest + tie;
  std::uint32_t left = random.below(equals);
  preference found{list_[0], scoreboard::out};
  for (std::size_t k = 0; k < list_.size(); ++k) {
    if (scores[k] <= lowest + tie && left-- == 0) {
      found.replica = list_[k];
    } else {
      found.runner_up = std::min(found.runner_up, scores[k]);
    }
  }
  return found;
}

std::optional<replica_index> candidates::owner(std::uint64_t key) const {
  key_ring::owners owners = everyone().owners_of(key);
  const double bound = fullest();
  while (const auto i = owners.next())
    if (contains(*i) && load(*i) + 1 <= bound) return i;
  return std::nullopt;
}

}  // namespace troupe::balance
