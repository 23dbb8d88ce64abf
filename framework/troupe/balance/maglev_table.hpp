// Whose key it is, by one look into a table: Maglev's hashing (Eisenbud and others, NSDI'16, section 3.4).
//
// Each replica has its own permutation of the table's slots, drawn from the hash of its node id; in turn each
// takes the next slot of its permutation that is still free. So everybody gets as many slots as everybody
// else, to within one, and one who leaves frees its own slots and moves few others: 1.0 / n of all keys move
// among 10, 1.5 / n among 100, 7 / n among 1,000 (measured). Against the key ring: an exactly even split and
// a lookup of a few nanoseconds, for 256 KiB, keys that move without need, and a millisecond or two of work
// whenever a replica comes or goes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::balance {

class maglev_table {
 public:
  /// A prime, as the permutations require. The paper's small table: shares are even to 1% up to 655 replicas.
  static constexpr std::uint32_t slots = 65537;

  struct member {
    std::uint64_t hash;  // of the replica's node id
    std::uint32_t replica;
  };

  /// Sorts `members`, so that every router builds the same table, whatever order it learnt of them in. Empty:
  /// an empty table. O(slots * log(slots)) on average; allocates only for more members than ever before.
  void build(std::span<member> members);

  bool empty() const { return owners_.empty(); }
  /// `nth` = 0: the key's owner; 1, 2, ...: who has it when those before may not. Replicas may repeat. The
  /// table must not be empty.
  std::uint32_t owner(std::uint64_t key, std::uint32_t nth = 0) const;

 private:
  std::vector<std::uint32_t> owners_;  // replica by slot
  struct permutation {
    std::uint32_t next, skip;
  };
  std::vector<permutation> permutations_;
};

}  // namespace troupe::balance
