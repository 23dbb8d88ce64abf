// What is usual among the replicas of one service, whatever the method: the medians that a replica's own
// evidence fades toward, and how far the calls of the other routers follow ours.
//
// Cost: a pass over all replicas at every refresh, O(1) in between.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <troupe/balance/replica_evidence.hpp>

namespace troupe::balance {

/// Times are seconds since the evidence began.
class usual {
 public:
  /// A call of ours to any of them began; `count` of them ended.
  void began() { ++own_total_; }
  void ended(std::uint32_t count = 1) { own_total_ -= count; }
  /// What one answer's report left unexplained of its round trip.
  void learn_path(double left, double seconds);

  /// The medians are of other replicas than there are now.
  void forget() { refreshed_ = -1; }
  /// Anew when they are older than 10 ms. `scratch` is overwritten.
  void refresh(std::span<const replica_evidence> all, double seconds, std::vector<double>& scratch);

  /// Of a round trip: neither wait nor service; signed.
  double path() const { return path_; }
  /// The median of the smoothed service times; 0 when none is known.
  double service() const { return service_; }
  /// Others' load as reported: its median.
  double others_median() const { return others_median_; }
  /// Of R_i, among so many replicas.
  double load_mean(std::size_t replicas) const {
    return replicas > 0 ? others_mean_ + own_total_ * own_scale_ / static_cast<double>(replicas) : 0;
  }
  /// What one call of ours counts for, >= 1: other routers choose as this one does, so it foretells some of
  /// theirs.
  double own_scale() const { return own_scale_; }
  /// Share of the replicas that have more than one request waiting per worker.
  double hot() const { return hot_; }

 private:
  void learn_scale(double own, double all, double seconds);

  std::uint32_t own_total_ = 0;
  double path_ = 0;
  double path_samples_ = 0;
  double path_counted_ = 0;
  double service_ = 0;
  double others_median_ = 0;
  double others_mean_ = 0;
  double own_scale_ = 1;
  double scaled_at_ = 0;
  double hot_ = 0;
  double refreshed_ = -1;
};

}  // namespace troupe::balance
