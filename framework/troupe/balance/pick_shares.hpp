// Which part of a service's picks each replica had in the last ten seconds or so: for whoever asks why.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/balance/replica.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::balance {

/// Times are seconds since some beginning, the same for all.
class pick_shares {
 public:
  /// No picks yet at `replica`. Grows as needed.
  void reset(replica_index replica) {
    if (replica >= counts_.size()) counts_.resize(replica + 1);
    counts_[replica] = {};
  }
  void picked(replica_index replica, double seconds) {
    counts_[replica] = {recent(counts_[replica], seconds) + 1, seconds};
  }
  /// A fading count of its picks.
  double recent(replica_index replica, double seconds) const { return recent(counts_[replica], seconds); }
  /// Of all.
  double recent(double seconds) const {
    double sum = 0;
    for (const count& each : counts_) sum += recent(each, seconds);
    return sum;
  }

 private:
  struct count {
    double picks = 0;
    double at = 0;
  };
  static double recent(const count& of, double seconds) {
    constexpr double share_fading = 10;  // s
    return of.picks * faded((seconds - of.at) / share_fading);
  }

  std::vector<count> counts_;
};

}  // namespace troupe::balance
