// Who is there: the replicas of one service by index, and what is held against each.
//
// Indices are stable and used anew; a life tells one replica from the next at its index. All routers see the
// replicas in the same order, that of the hashes of their node ids: keys and apertures stand on that.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <troupe/balance/key_ring.hpp>
#include <troupe/balance/replica.hpp>
#include <troupe/base/ids.hpp>

namespace troupe::balance {

class presence {
 public:
  /// Unreachable until told otherwise. O(replicas).
  replica_index add(replica_facts facts);
  void describe(replica_index replica, replica_facts facts);
  /// Its index is free from now on. O(replicas).
  void remove(replica_index replica);

  /// False when it was so before.
  bool set(replica_index replica, standing what, bool holds);
  bool is(replica_index replica, standing what) const {
    return (places_[replica].standing & static_cast<std::uint8_t>(what)) != 0;
  }

  /// How many indices there are, free ones included.
  std::size_t size() const { return places_.size(); }
  const replica_facts& facts(replica_index replica) const { return facts_[replica]; }
  balance::distance distance_to(replica_index replica) const { return places_[replica].distance; }
  /// XXH3 of the node's id: the same in every router.
  std::uint64_t hash(replica_index replica) const { return places_[replica].hash; }
  std::uint32_t life_of(replica_index replica) const { return places_[replica].life; }
  /// Changes whenever a replica comes or goes.
  std::uint64_t generation() const { return generation_; }

  /// In the order of the hashes; n < how many there are.
  replica_index nth_by_hash(std::uint32_t n) const { return ring_.replica_at(n); }
  /// Whose key it is, whether it can be reached or not, and who has it when those before may not.
  key_ring::owners owners_of(std::uint64_t key) const { return ring_.of(key); }

 private:
  struct place {
    std::uint64_t hash = 0;
    std::uint32_t life = 0;
    std::uint8_t standing = 0;
    balance::distance distance = balance::distance::same_zone;
  };

  std::vector<place> places_;
  std::vector<replica_facts> facts_;
  std::vector<replica_index> free_;
  key_ring ring_;
  std::uint64_t generation_ = 0;
};

}  // namespace troupe::balance
