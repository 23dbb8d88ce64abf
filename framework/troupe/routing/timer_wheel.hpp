// When something of a call is due next: one wheel for all calls, one timer per call slot.
//
// A hashed wheel of 4,096 slots of 1 ms (Varghese and Lauck, 1987, scheme 6). Arming and disarming link and
// unlink an index: O(1), no allocation below the highest index seen. What is due later than one turn stays in
// its slot and is looked at once a turn. A bitmap over the slots makes the next deadline a few instructions.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <troupe/base/time.hpp>

namespace troupe::routing {

class timer_wheel {
 public:
  static constexpr duration tick = 1ms;

  explicit timer_wheel(time_point now);

  /// (Re)arms timer `index` for the first tick at or after `due`, and after the current one. Never early.
  void arm(std::uint32_t index, time_point due);
  void disarm(std::uint32_t index);

  /// Disarms every timer that is due at or before `now` and appends it to `due`. Cost: the slots passed that
  /// hold anything.
  void advance(time_point now, std::vector<std::uint32_t>& due);

  /// When `advance` should be called next: at most one turn before anything is due, `never` when nothing is.
  time_point next_deadline() const;

 private:
  static constexpr std::uint32_t slots = 4096;
  static constexpr std::uint32_t words = slots / 64;
  static_assert(words == 64, "one bit of `filled_words_` per word");
  static constexpr std::uint32_t nil = ~std::uint32_t{0};

  struct timer {
    std::uint32_t previous = nil;
    std::uint32_t next = nil;
    std::int64_t tick = -1;  // -1: not armed
  };

  static std::uint32_t slot_of(std::int64_t at) { return static_cast<std::uint32_t>(at) % slots; }
  /// The first non-empty slot after the current tick, as a tick; -1 when all are empty.
  std::int64_t next_tick() const;
  void unlink(std::uint32_t index);
  void sweep(std::uint32_t slot, std::int64_t until, std::vector<std::uint32_t>& due);

  std::int64_t current_;  // everything due at or before this tick has been handed out
  std::vector<timer> timers_;
  std::array<std::uint32_t, slots> heads_;
  std::array<std::uint64_t, words> filled_{};
  std::uint64_t filled_words_ = 0;
};

}  // namespace troupe::routing
