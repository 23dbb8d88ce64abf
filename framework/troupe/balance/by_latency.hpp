// The cost term of the score without its failures: the least L_i, the time that a request takes there with
// its queue, in s; plus options::cost_floor, so that differences well below that count as none. O(replicas).
#pragma once

#include <string_view>
#include <vector>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class by_latency final : public policy {
 public:
  std::string_view name() const override { return "by_latency"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  std::vector<double> burdens_;  // of the candidates, in their order
};

}  // namespace troupe::balance
