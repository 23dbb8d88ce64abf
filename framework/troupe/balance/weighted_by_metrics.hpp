// In proportion to K_i * p_i / rho_i: how many it serves at once, how many of them succeed, and how fast it
// is compared with its peers. O(replicas).
//
// gRPC's weighted_round_robin weighs by rate / utilisation (proposal A58), which feeds on itself; nothing
// here depends on how much a replica was given.
#pragma once

#include <string_view>

#include <troupe/balance/in_proportion.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class weighted_by_metrics final : public policy {
 public:
  std::string_view name() const override { return "weighted_by_metrics"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  in_proportion turns_;
};

}  // namespace troupe::balance
