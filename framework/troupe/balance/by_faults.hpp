// The cost term's failures alone: the highest smoothed share of successes p_i of the method group; of those
// within options::tie of it, the one with the least load. O(replicas).
#pragma once

#include <string_view>
#include <vector>

#include <troupe/balance/by_load.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class by_faults final : public policy {
 public:
  std::string_view name() const override { return "by_faults"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  by_load among_equals_;
  std::vector<double> failing_;  // of the candidates, in their order
  std::vector<replica_index> equals_;
};

}  // namespace troupe::balance
