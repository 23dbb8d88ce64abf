// The state of every call under way: slots that are reused, so that a call costs no allocation and an id
// that comes back from the wire finds its call in O(1), or nothing when the call has ended.
//
// call_id = generation << 24 | slot, attempt_id = call_id << 4 | attempt number (1 to 15).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <troupe/balance/replica_set.hpp>
#include <troupe/balance/score.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/routing/call.hpp>

namespace troupe::routing {

enum class phase : std::uint8_t {
  ended,      // the slot is free; its history stays readable until it is used again
  parked,     // nobody reachable may take it
  waiting,    // for its backoff
  under_way,  // one attempt or more without an outcome
};

/// What is known of an attempt beside its record.
struct attempt_state {
  balance::choice picked;
  bool under_way = false;
  std::optional<balance::term_values> terms;  // of the score at the pick, where they were worth computing
  bool excused = false;  // refused by a replica that will be back: not one of `attempts_max`
};

struct call {
  static constexpr std::uint32_t attempts_recorded_max = 15;  // four bits of the attempt id
  static constexpr std::uint32_t uncounted_recorded_max =
      7;  // leaves 8, retry::options' bound, for the others

  call_id id;
  call_spec spec;
  time_point began{};
  time_point wake{};  // when a stalled attempt is to be looked at, or a backoff ends
  routing::phase phase = phase::ended;
  std::uint8_t outstanding = 0;  // attempts under way
  std::uint8_t failovers = 0;    // attempts after a refusal or a loss
  std::uint8_t unsent = 0;       // attempts that never left, in a row
  std::uint8_t excused = 0;      // attempts that were
  bool bounced = false;          // one attempt has, and no other may
  enum class free_failover : bool { unused, used } free = free_failover::unused;
  enum class backup : std::uint8_t { none, wanted, made } backup = backup::none;
  enum class hedge : std::uint8_t { none, awaited, settled } hedge = hedge::none;
  rpc::advice advice = rpc::advice::may_retry;
  std::uint64_t marks = 0;  // of the nodes of its attempts: a scan for a node's calls skips most others by it
  std::vector<attempt_record> records;  // parallel to `states`
  std::vector<attempt_state> states;

  attempt_id attempt(std::size_t index) const { return {id.value << 4 | (index + 1)}; }
  static std::uint64_t mark_of(node_id node) { return std::uint64_t{1} << (mix(node.value) % 64); }
  /// Attempts that count toward retry::options::attempts_max: that reached a replica, or may have.
  std::uint32_t reached() const;
  bool counts(std::size_t index) const {
    return records[index].fate != retry::fate::never_sent && records[index].fate != retry::fate::bounced &&
           !states[index].excused;
  }
};

class call_slab {
 public:
  /// Slot 0 is for calls that end at once for lack of a slot; so `calls_max` - 1 can be under way.
  explicit call_slab(std::uint32_t calls_max);

  /// A fresh call in a free slot; null when all are taken.
  call* acquire();
  /// The call in slot 0, under a new id.
  call& refuse();
  void release(call& it);

  call* find(call_id id);
  const call* find(call_id id) const;
  /// By id, also when it has just ended.
  const call* find_ended(call_id id) const;
  call& at(std::uint32_t slot) { return calls_[slot]; }

  /// Slots ever used, 0 included: what a scan has to look at.
  std::uint32_t size() const { return static_cast<std::uint32_t>(calls_.size()); }
  std::uint32_t live() const { return live_; }

  static std::uint32_t slot_of(call_id id) { return static_cast<std::uint32_t>(id.value & slot_mask); }

 private:
  static constexpr unsigned slot_bits = 24;
  static constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;

  void renew(std::uint32_t slot);

  std::uint32_t calls_max_;
  std::uint32_t live_ = 0;
  std::vector<call> calls_;
  std::vector<std::uint32_t> free_;
};

}  // namespace troupe::routing
