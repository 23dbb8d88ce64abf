#include <algorithm>

#include <troupe/balance/scoreboard.hpp>

namespace troupe::balance {

void scoreboard::resize(std::uint32_t size) {
  size_ = std::max(size_, size);
  const std::size_t needed = (size_ + width - 1) / width;
  block empty;
  empty.scores.fill(out);
  blocks_.resize(needed, empty);
  lowest_.resize(needed, out);
}

float scoreboard::lowest_of(const block& all) {
  std::array<float, 8> lanes;  // eight minima side by side, so that no comparison waits for the last one
  for (std::uint32_t k = 0; k < 8; ++k) lanes[k] = all.scores[k];
  for (std::uint32_t row = 8; row < width; row += 8)
    for (std::uint32_t k = 0; k < 8; ++k)
      lanes[k] = all.scores[row + k] < lanes[k] ? all.scores[row + k] : lanes[k];
  return *std::min_element(lanes.begin(), lanes.end());
}

void scoreboard::set(std::uint32_t index, float score) {
  block& here = blocks_[index / width];
  float& lowest = lowest_[index / width];
  const float before = here.scores[index % width];
  here.scores[index % width] = score;
  if (score <= lowest) {
    lowest = score;
  } else if (before <= lowest) {
    lowest = lowest_of(here);
  }
}

float scoreboard::lowest() const {
  float least = out;
  for (const float each : lowest_) least = std::min(least, each);
  return least;
}

std::uint32_t scoreboard::equals_in(const block& all, float limit) {
  std::uint32_t equals = 0;
  for (const float each : all.scores) equals += each <= limit;
  return equals;
}

std::uint32_t scoreboard::nth_within(const block& all, float limit, std::uint32_t nth) {
  for (std::uint32_t k = 0; k < width; ++k)
    if (all.scores[k] <= limit && nth-- == 0) return k;
  return 0;
}

std::uint32_t scoreboard::draw_within(const block& all, float limit, random_source& random) {
  const std::uint32_t equals = equals_in(all, limit);
  return nth_within(all, limit, equals > 1 ? random.below(equals) : 0);
}

// Any slot of any of the blocks that have equals, until it is one of the equals: uniform. Where these are few
// in their blocks that may take too long; then they are counted.
std::uint32_t scoreboard::draw_among_blocks(float limit, random_source& random) const {
  std::uint32_t blocks = 0;
  for (const float each : lowest_) blocks += each <= limit;
  for (int attempt = 0; attempt < 256; ++attempt) {
    std::uint32_t nth = random.below(blocks);
    std::uint32_t b = 0;
    while (lowest_[b] > limit || nth-- > 0) ++b;
    const std::uint32_t k = random.below(width);
    if (blocks_[b].scores[k] <= limit) return b * width + k;
  }
  std::uint32_t equals = 0;
  for (const block& each : blocks_) equals += equals_in(each, limit);
  std::uint32_t left = random.below(equals);
  std::uint32_t b = 0;
  for (; left >= equals_in(blocks_[b], limit); ++b) left -= equals_in(blocks_[b], limit);
  return b * width + nth_within(blocks_[b], limit, left);
}

scoreboard::drawn scoreboard::draw(float tie, random_source& random) const {
  drawn found;
  std::uint32_t best = 0;
  float second = out;  // of the blocks
  for (std::uint32_t b = 0; b < lowest_.size(); ++b) {
    if (lowest_[b] < found.lowest) {
      second = found.lowest;
      found.lowest = lowest_[b];
      best = b;
    } else {
      second = std::min(second, lowest_[b]);
    }
  }
  if (found.lowest == out) return found;
  const float limit = found.lowest + tie;
  if (second <= limit) return {draw_among_blocks(limit, random), found.lowest, found.lowest};
  const std::uint32_t k = draw_within(blocks_[best], limit, random);
  found.index = best * width + k;
  block others = blocks_[best];
  others.scores[k] = out;
  found.runner_up = std::min(second, lowest_of(others));
  return found;
}

}  // namespace troupe::balance
