// How many suspicions one accuser may raise in a while. Somebody who sees only ghosts, or wants to do harm,
// can then keep only a few others busy with refuting.
#pragma once

#include <cstddef>
#include <map>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

class accusation_limit {
 public:
  /// `most` per accuser and window; 0: no limit.
  accusation_limit(int most, duration window) : most_(most), window_(window) {}

  /// Counts one more; false when it is too many.
  bool admit(node_id accuser, time_point now) {
    if (most_ == 0) return true;
    if (now >= ends_) {
      raised_.clear();
      ends_ = now + window_;
    }
    if (raised_.size() >= accusers_max && !raised_.contains(accuser)) return false;
    return ++raised_[accuser] <= most_;
  }

 private:
  static constexpr std::size_t accusers_max = 4096;

  int most_;
  duration window_;
  time_point ends_ = time_point::min();
  std::map<node_id, int> raised_;
};

}  // namespace troupe::membership
