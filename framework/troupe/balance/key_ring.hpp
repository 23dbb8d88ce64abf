// Whose key it is: multi-probe consistent hashing (Appleton and O'Reilly, 2015).
//
// Each replica is one point on a circle of 2^64; a key is hashed `probes` times, and belongs to the replica
// whose point follows one of these hashes most closely. So a replica that comes or goes moves its own keys
// only, the fullest has about a tenth more than its share (some have far less), and a replica costs 16 bytes
// and its part of an index: a ring of virtual nodes needs a hundred times that to bound the fullest as well.
// Points are hashes of node ids: every router agrees.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::balance {

class key_ring {
 public:
  static constexpr std::uint32_t probes = 21;

  /// `at` is the hash of the replica's node id. O(replicas).
  void add(std::uint64_t at, std::uint32_t replica);
  void remove(std::uint64_t at, std::uint32_t replica);
  std::size_t size() const { return points_.size(); }
  /// In the order of their points; n < size().
  std::uint32_t replica_at(std::size_t n) const { return points_[n].replica; }

  /// Who has a key: its owner first, then whoever has it when those before may not.
  class owners {
   public:
    /// Nothing after `probes` answers. Replicas may repeat. O(probes).
    std::optional<std::uint32_t> next();

   private:
    friend class key_ring;
    std::array<std::uint64_t, probes> distances_;
    std::array<std::uint32_t, probes> replicas_;
    std::uint32_t left_ = 0;
  };
  /// O(probes), whatever the size; O(size) when it is the first after a change.
  owners of(std::uint64_t key) const;

 private:
  struct point {
    std::uint64_t at;
    std::uint32_t replica;
    bool operator<(const point& other) const {
      return at != other.at ? at < other.at : replica < other.replica;
    }
  };
  void build_index() const;
  const point& after(std::uint64_t hash) const;

  std::vector<point> points_;  // ascending
  // Where to look: the circle in at least eight times as many equal parts as it has points, so that a look
  // seldom goes further than one point; and for each part the first point in it or after it. Empty: to be
  // built, by the first look for a key, since most services have none.
  mutable std::vector<std::uint32_t> index_;
  mutable unsigned shift_ = 0;  // of a hash, to its part
};

}  // namespace troupe::balance
