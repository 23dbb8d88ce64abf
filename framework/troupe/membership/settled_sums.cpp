#include <troupe/base/hash.hpp>
#include <troupe/membership/settled_sums.hpp>

namespace troupe::membership {

std::uint64_t settled_hash(const sync_digest& what) {
  if (!is_live(what.state)) return 0;
  return mix(what.subject.node.value ^
             mix(what.subject.epoch.value ^ mix(what.incarnation ^ mix(what.version + 1))));
}

std::uint16_t settled_sums::range_of(node_id who, int bits) {
  // Ids need not be hashes: a test numbers its nodes.
  return bits == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(mix(who.value) >> (64 - bits));
}

int settled_sums::bits_for(std::size_t members) {
  int bits = bits_min;
  while (bits < bits_max && members > std::size_t{16} << bits) ++bits;
  return bits;
}

void settled_sums::add(const sync_digest& what) {
  const auto hash = settled_hash(what);
  sums_[range_of(what.subject.node, bits_max)] += hash;
  total_ += hash;
}

void settled_sums::remove(const sync_digest& what) {
  const auto hash = settled_hash(what);
  sums_[range_of(what.subject.node, bits_max)] -= hash;
  total_ -= hash;
}

std::uint64_t settled_sums::at(int bits, std::size_t index) const {
  const auto width = std::size_t{1} << (bits_max - bits);
  std::uint64_t sum = 0;
  for (std::size_t i = index * width; i < (index + 1) * width; ++i) sum += sums_[i];
  return sum;
}

}  // namespace troupe::membership
