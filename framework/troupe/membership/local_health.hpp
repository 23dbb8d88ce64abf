// How well this node is itself: Lifeguard's local health multiplier (section IV-A of the paper).
//
// A node that is slow takes others for dead. What points at itself (a probe that nobody answered, helpers
// that said nothing, being suspected, having stood still) makes it slower to probe and worse as an accuser;
// every answered probe makes it well again.
#pragma once

#include <algorithm>
#include <cstdint>

namespace troupe::membership {

class local_health {
 public:
  /// From 0, healthy, to `worst`: options::health_max.
  explicit local_health(int worst) : worst_(worst) {}

  /// Positive: worse.
  void adjust(int by) { value_ = std::clamp(value_ + by, 0, worst_); }
  void recover() { value_ = 0; }
  int value() const { return value_; }
  /// As it is told with an accusation.
  std::uint8_t told() const { return static_cast<std::uint8_t>(value_); }
  /// By this a probe's times are longer: 1 + value.
  int multiplier() const { return 1 + value_; }

 private:
  int worst_;
  int value_ = 0;
};

}  // namespace troupe::membership
