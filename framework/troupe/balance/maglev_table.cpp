#include <algorithm>

#include <troupe/balance/maglev_table.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

namespace {

constexpr std::uint32_t free_slot = ~std::uint32_t{0};

/// Uniform in [0, bound), from the upper half of a hash.
constexpr std::uint32_t scaled(std::uint64_t hash, std::uint32_t bound) {
  return static_cast<std::uint32_t>((hash >> 32) * bound >> 32);
}

}  // namespace

void maglev_table::build(std::span<member> members) {
  owners_.clear();
  if (members.empty()) return;
  owners_.resize(slots, free_slot);
  std::sort(members.begin(), members.end(), [](const member& a, const member& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.replica < b.replica;
  });
  permutations_.clear();
  for (const member& each : members)
    permutations_.push_back({scaled(mix(each.hash + 1), slots), 1 + scaled(mix(each.hash + 2), slots - 1)});
  for (std::uint32_t taken = 0;;) {
    for (std::size_t m = 0; m < members.size(); ++m) {
      auto& [next, skip] = permutations_[m];
      const auto advance = [&next = next, skip = skip] {
        next = next + skip < slots ? next + skip : next + skip - slots;
      };
      while (owners_[next] != free_slot) advance();
      owners_[next] = members[m].replica;
      advance();
      if (++taken == slots) return;
    }
  }
}

std::uint32_t maglev_table::owner(std::uint64_t key, std::uint32_t nth) const {
  return owners_[scaled(mix(mix(key) + nth * 0x9e3779b97f4a7c15ULL), slots)];
}

}  // namespace troupe::balance
