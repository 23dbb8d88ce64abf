// What is remembered of forgotten members: enough to refuse old news about them.
//
// A process that slept for a day wakes up with a view in which they live. Without a trace of the death the
// cluster would believe it. Bounded by number, the oldest goes first; a grave is about 100 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include <troupe/membership/order.hpp>

namespace troupe::membership {

class graveyard {
 public:
  explicit graveyard(std::size_t graves_max) : graves_max_(graves_max) {}

  /// Keeps the later of what is known and `last`.
  void bury(node_id who, const standing& last);

  /// True when `news` about `who` is older than, or as old as, its grave.
  bool refuses(node_id who, const standing& news) const;

  /// What is engraved; nothing without a grave.
  std::optional<standing> find(node_id who) const;

  void exhume(node_id who);
  std::size_t size() const { return graves_.size(); }

 private:
  struct grave {
    standing last;
    std::uint64_t number;
  };
  std::size_t graves_max_;
  std::map<node_id, grave> graves_;
  std::map<std::uint64_t, node_id> by_age_;
  std::uint64_t next_number_ = 0;
};

}  // namespace troupe::membership
