// C3's ranking (Suresh and others, NSDI'15, section 3.1): the least network time + service time * q^3, in s,
// where q = 1 + R_i is the queue that a request would join. O(replicas).
//
// Without C3's rate control, which slows callers down.
#pragma once

#include <string_view>
#include <vector>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class c3 final : public policy {
 public:
  std::string_view name() const override { return "c3"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  std::vector<double> burdens_;  // of the candidates, in their order
};

}  // namespace troupe::balance
