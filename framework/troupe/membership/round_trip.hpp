// How long an answer from one peer takes, and so how long to wait for it. RFC 6298's estimator.
#pragma once

#include <algorithm>

#include <troupe/base/time.hpp>

namespace troupe::membership {

class round_trip {
 public:
  void observe(duration sample) {
    if (smoothed_ == duration{0}) {
      smoothed_ = sample;
      deviation_ = sample / 2;
      return;
    }
    const duration off = sample > smoothed_ ? sample - smoothed_ : smoothed_ - sample;
    deviation_ += (off - deviation_) / 4;
    smoothed_ += (sample - smoothed_) / 8;
  }

  /// 0 until measured.
  duration smoothed() const { return smoothed_; }

  /// clamp(smoothed + 4 deviations, floor, ceiling); the ceiling until measured.
  duration timeout(duration floor, duration ceiling) const {
    return smoothed_ == duration{0} ? ceiling : std::clamp(smoothed_ + 4 * deviation_, floor, ceiling);
  }

 private:
  duration smoothed_{0};
  duration deviation_{0};
};

}  // namespace troupe::membership
