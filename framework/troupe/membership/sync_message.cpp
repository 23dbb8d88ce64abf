#include <troupe/membership/sync_message.hpp>

namespace troupe::membership {

std::size_t size_bound(const sync_message& what) {
  std::size_t bytes = sync_message_overhead_bytes + what.sums.size() * sync_sum_bytes +
                      what.covered.size() * sync_range_bytes +
                      (what.digests.size() + what.tombstones.size()) * sync_digest_bytes +
                      what.wants.size() * sync_want_bytes + what.others.size() * sync_address_bytes;
  for (const auto& fact : what.facts) bytes += size_bound(fact);
  return bytes;
}

}  // namespace troupe::membership
