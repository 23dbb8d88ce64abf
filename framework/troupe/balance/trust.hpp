// How well does what is held of a replica's speed foretell the next that is heard of it?
//
// The slope of the one's difference from the usual over the other's. Where it is near 0, differences are
// noise, or they change faster than news travels: then they are not acted on.
#pragma once

#include <algorithm>

namespace troupe::balance {

class trust {
 public:
  /// Both as multiples of the usual service time: what was held until now, what a report says.
  void learn(double held, double heard) {
    constexpr double kept = 1 - 1 / memory;
    const double before = std::min(held - 1, difference_max);
    const double after = std::min(heard - 1, difference_max);
    foretold_ = foretold_ * kept + before * after;
    held_ = held_ * kept + before * before;
  }

  /// In [0, 1]; 1 until there is reason to doubt.
  double value() const { return std::clamp((foretold_ + prior) / (held_ + prior), 0., 1.); }

 private:
  static constexpr double memory = 500;  // reports
  static constexpr double prior = 1;     // squared relative differences: at first, what is heard is believed
  static constexpr double difference_max = 4;

  double foretold_ = 0;  // fading sums: what is held times what is heard then,
  double held_ = 0;      // and what is held squared
};

}  // namespace troupe::balance
