// How far a node's workers lag, as one of four levels that other nodes are told.
//
// A process whose event loop answers pings may have all its workers stuck: it is alive and does nothing. What
// tells is how long work waits until a worker takes it. The level rises at once, because a wait that long has
// been seen; it falls only after a while of much shorter waits, so that a node near a threshold is not news
// all the time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <troupe/base/time.hpp>

namespace troupe::membership {

class worker_lag {
 public:
  static constexpr std::uint8_t level_max = 3;
  /// From these waits on, level 1, 2 and 3: work is late; callers notice; nothing gets done.
  static constexpr std::array<duration, level_max> begins_at = {250ms, 1s, 5s};
  /// How long all waits must be below half of what a level begins at until the node is out of it.
  static constexpr duration calm = 3s;

  /// `waited`: how long work waits for a worker, as of `now`. Gives the level, 0 to level_max.
  std::uint8_t note(duration waited, time_point now) {
    level_ = std::max(level_, level_of(waited));
    if (level_ == 0 || waited >= begins_at[level_ - 1u] / 2) {
      deserved_ = now;
    } else if (now - deserved_ >= calm) {
      level_ = level_of(waited);
      deserved_ = now;
    }
    return level_;
  }
  std::uint8_t now() const { return level_; }

 private:
  static std::uint8_t level_of(duration waited) {
    std::uint8_t level = 0;
    while (level < level_max && waited >= begins_at[level]) ++level;
    return level;
  }

  std::uint8_t level_ = 0;
  time_point deserved_{};  // when the present level last was
};

}  // namespace troupe::membership
