#include <algorithm>

#include <troupe/balance/aperture.hpp>

namespace troupe::balance {

aperture::aperture(std::uint32_t replicas, router_place at, std::uint32_t wanted)
    : replicas_(replicas),
      first_(static_cast<std::uint32_t>(std::uint64_t{at.rank} * replicas / at.routers)),
      size_(replicas) {
  if (wanted == 0) return;
  const auto between_routers =
      static_cast<std::uint32_t>((std::uint64_t{replicas} + at.routers - 1) / at.routers);
  size_ = std::min(replicas, std::max(wanted, between_routers));
}

std::uint32_t aperture::at(std::uint32_t n) const {
  const std::uint32_t left = replicas_ - first_;  // before the circle closes
  return n < left ? first_ + n : n - left;
}

bool aperture::includes(std::uint32_t position) const {
  const std::uint32_t n = position >= first_ ? position - first_ : position + (replicas_ - first_);
  return n < size_;
}

}  // namespace troupe::balance
