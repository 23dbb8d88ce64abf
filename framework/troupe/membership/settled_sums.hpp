// Sums over what is settled: two nodes whose sums are equal hold the same view.
//
// The members are spread over buckets by a hash of their ids, and each bucket has a sum of the hashes of its
// members. A change costs O(1); the total is the digest in pings and acks, and sums of ranges of buckets tell
// where two views differ (sync.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <troupe/base/ids.hpp>
#include <troupe/membership/order.hpp>

namespace troupe::membership {

/// What is claimed of one node, without what it is: 40 bytes on the wire.
struct sync_digest {
  identity subject;
  std::uint64_t incarnation = 0;
  std::uint64_t version = 0;  // of its document
  membership::state state = membership::state::alive;
  friend bool operator==(const sync_digest&, const sync_digest&) = default;
};

inline claim claim_of(const sync_digest& what) { return {what.subject.epoch, what.incarnation, what.state}; }

/// What a digest adds to the sums. 0 for the dead and those who left: each node forgets them at a time of its
/// own. A suspicion is not settled, so alive and suspect count the same.
std::uint64_t settled_hash(const sync_digest& what);

/// Sums, modulo 2^64, of the settled hashes of members, by bucket: 8 KB, each change costs O(1).
class settled_sums {
 public:
  static constexpr int bits_min = 4, bits_max = 10;

  void add(const sync_digest& what);
  void remove(const sync_digest& what);

  /// Over everybody: what an ack carries.
  std::uint64_t total() const { return total_; }
  /// Over range `index` of the 2^bits equal ones; `bits` from 0 to bits_max.
  std::uint64_t at(int bits, std::size_t index) const;
  /// Which of 2^bits ranges a node is in.
  static std::uint16_t range_of(node_id who, int bits);
  /// About 16 members a bucket.
  static int bits_for(std::size_t members);

 private:
  std::array<std::uint64_t, std::size_t{1} << bits_max> sums_{};
  std::uint64_t total_ = 0;
};

}  // namespace troupe::membership
