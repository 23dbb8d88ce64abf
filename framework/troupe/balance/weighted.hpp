// In proportion to the weight that each node states for the service (replica_facts::weight). O(replicas).
#pragma once

#include <string_view>

#include <troupe/balance/in_proportion.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class weighted final : public policy {
 public:
  std::string_view name() const override { return "weighted"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  in_proportion turns_;
};

}  // namespace troupe::balance
