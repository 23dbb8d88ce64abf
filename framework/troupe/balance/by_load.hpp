// The load term of the score alone: the least (R_i + 1) / K_i, requests there per request it can serve at
// once. O(replicas).
//
// Envoy's and nginx's "least request" over all, with the load of the other callers counted.
#pragma once

#include <string_view>
#include <vector>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class by_load final : public policy {
 public:
  std::string_view name() const override { return "by_load"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  std::vector<double> burdens_;  // of the candidates, in their order
};

}  // namespace troupe::balance
