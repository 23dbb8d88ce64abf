// For policies that share picks out in proportion to weights: nginx's smooth weighted round robin.
#pragma once

#include <vector>

#include <troupe/balance/candidates.hpp>

namespace troupe::balance {

/// Interleaved smoothly, without bursts: each earns its weight at every pick, who has most is picked and pays
/// the sum of the weights.
class in_proportion {
 public:
  /// `weight(replica)` is > 0. O(candidates).
  template <class Weight>
  replica_index take(const candidates& among, Weight weight) {
    if (credit_.size() < among.everyone().size()) credit_.resize(among.everyone().size());
    double total = 0;
    replica_index best = among[0];
    for (const replica_index i : among) {
      const double earned = weight(i);
      credit_[i] += earned;
      total += earned;
      if (credit_[i] > credit_[best]) best = i;
    }
    credit_[best] -= total;
    return best;
  }

 private:
  std::vector<double> credit_;  // by replica
};

}  // namespace troupe::balance
