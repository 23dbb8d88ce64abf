// How long a suspicion lasts before it becomes a death: Lifeguard's local health aware suspicion.
//
// One accuser may itself be the sick one, so its suspicion gets much time to be refuted. Each further,
// independent accuser makes the crash more credible and shortens the time, by a logarithm: the first
// confirmations count most. Source: Lifeguard, section IV-B.
#pragma once

#include <cstddef>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/options.hpp>

namespace troupe::membership {

struct suspicion_bounds {
  duration shortest{0};   // with all confirmations
  duration longest{0};    // with none
  int confirmations = 0;  // that bring it to the shortest
};

/// For a cluster of `live` members, the suspect and this node included. Below five members there are too
/// few others to wait for, so the shortest time counts from the start.
suspicion_bounds bounds_of(const options& settings, std::size_t live);

class suspicion {
 public:
  suspicion(node_id accuser, suspicion_bounds bounds, time_point now);

  /// One more node suspects the same. True when it was new and shortened the time, so is worth passing on.
  bool confirm(node_id accuser);

  /// When the suspect is to be declared dead.
  time_point deadline() const;

  /// Grants more time: this node was not running, or has evidence of life.
  void postpone(duration by) { started_ += by; }

 private:
  std::vector<node_id> accusers_;  // at most 1 + bounds_.confirmations
  suspicion_bounds bounds_;
  time_point started_;
};

}  // namespace troupe::membership
