// Where the calls under way are kept: slots that are reused, so that a call costs no allocation and an id
// that comes back from the wire finds its call in O(1), or nothing when the call has ended.
//
// call_id = generation << 24 | slot.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/routing/call_state.hpp>

namespace troupe::routing {

class call_slab {
 public:
  /// Slot 0 is for calls that end at once for lack of a slot; so `calls_max` - 1 can be under way.
  explicit call_slab(std::uint32_t calls_max);

  /// A fresh call in a free slot, parked; null when all are taken.
  call_state* acquire();
  /// The call in slot 0, under a new id.
  call_state& refuse();
  /// REQUIRES: the call has not ended, and no attempt of it is under way.
  void release(call_state& call);

  /// Null when it has ended.
  call_state* find(call_id id) {
    const std::uint32_t slot = slot_of(id);
    const bool is_there = slot < calls_.size() && calls_[slot].id == id;
    return is_there && calls_[slot].phase != phase::ended ? &calls_[slot] : nullptr;
  }
  /// By id, also when it has just ended.
  const call_state* find_ended(call_id id) const {
    const std::uint32_t slot = slot_of(id);
    return slot < calls_.size() && calls_[slot].id == id ? &calls_[slot] : nullptr;
  }
  call_state& at(std::uint32_t slot) { return calls_[slot]; }
  const call_state& at(std::uint32_t slot) const { return calls_[slot]; }

  /// Slots ever used, 0 included: what a scan has to look at.
  std::uint32_t size() const { return static_cast<std::uint32_t>(calls_.size()); }
  std::uint32_t live() const { return live_; }

  static std::uint32_t slot_of(call_id id) { return static_cast<std::uint32_t>(id.value & slot_mask); }

 private:
  static constexpr unsigned slot_bits = 24;
  static constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;

  /// What stands in the slot becomes a call that has just begun, under the slot's next id.
  void renew(std::uint32_t slot);

  std::uint32_t calls_max_;
  std::uint32_t live_ = 0;
  std::vector<call_state> calls_;
  std::vector<std::uint32_t> free_;
};

}  // namespace troupe::routing
