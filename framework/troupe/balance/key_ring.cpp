#include <algorithm>
#include <bit>

#include <troupe/balance/key_ring.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

void key_ring::add(std::uint64_t at, std::uint32_t replica) {
  const point added{at, replica};
  points_.insert(std::upper_bound(points_.begin(), points_.end(), added), added);
  index_.clear();
}

void key_ring::remove(std::uint64_t at, std::uint32_t replica) {
  const point removed{at, replica};
  const auto found = std::lower_bound(points_.begin(), points_.end(), removed);
  if (found == points_.end() || found->at != at || found->replica != replica) return;
  points_.erase(found);
  index_.clear();
}

void key_ring::build_index() const {
  const auto parts = std::bit_ceil(8 * points_.size());
  shift_ = 64 - static_cast<unsigned>(std::bit_width(parts) - 1);
  index_.resize(parts);
  std::uint32_t next = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    while (next < points_.size() && points_[next].at >> shift_ < part) ++next;
    index_[part] = next;
  }
}

const key_ring::point& key_ring::after(std::uint64_t hash) const {
  std::size_t i = index_[hash >> shift_];
  while (i < points_.size() && points_[i].at < hash) ++i;
  return points_[i < points_.size() ? i : 0];
}

key_ring::owners key_ring::of(std::uint64_t key) const {
  owners found;
  if (points_.empty()) return found;
  if (index_.empty()) build_index();
  // Double hashing: probes need not be more independent than pairwise.
  std::uint64_t hash = mix(key);
  const std::uint64_t step = mix(hash) | 1;
  for (std::uint32_t probe = 0; probe < probes; ++probe, hash += step) {
    const point& next = after(hash);
    found.distances_[probe] = next.at - hash;  // wraps, as the circle does
    found.replicas_[probe] = next.replica;
  }
  found.left_ = probes;
  return found;
}

std::optional<std::uint32_t> key_ring::owners::next() {
  if (left_ == 0) return std::nullopt;
  std::uint32_t nearest = 0;
  for (std::uint32_t k = 1; k < left_; ++k)
    if (distances_[k] < distances_[nearest]) nearest = k;
  const std::uint32_t answer = replicas_[nearest];
  --left_;
  distances_[nearest] = distances_[left_];
  replicas_[nearest] = replicas_[left_];
  return answer;
}

}  // namespace troupe::balance
