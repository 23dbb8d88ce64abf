// What is remembered of forgotten members: enough to refuse old news about them.
//
// A process that slept for a day wakes up with a view in which they live. Without a trace of the death the
// cluster would believe it. Bounded by number, the oldest goes first; each is about 100 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include <troupe/membership/order.hpp>

namespace troupe::membership {

class tombstones {
 public:
  explicit tombstones(std::size_t stones_max) : stones_max_(stones_max) {}

  /// Keeps the later of what is known and `last`.
  void bury(node_id who, const claim& last);

  /// True when `news` about `who` is older than, or as old as, its tombstone.
  bool refuses(node_id who, const claim& news) const;

  /// What is engraved; nothing without one.
  std::optional<claim> find(node_id who) const;

  void remove(node_id who);
  std::size_t size() const { return stones_.size(); }

 private:
  struct stone {
    claim last;
    std::uint64_t number;
  };
  std::size_t stones_max_;
  std::map<node_id, stone> stones_;
  std::map<std::uint64_t, node_id> by_age_;
  std::uint64_t next_number_ = 0;
};

}  // namespace troupe::membership
