// The lowest score, uniformly among those within options::tie of it. With a key: its owner, while that is
// dearer by no more than the weight of the term `affinity`. O(replicas / 64).
#pragma once

#include <string_view>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class dynamic_score final : public policy {
 public:
  std::string_view name() const override { return "dynamic_score"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;
};

}  // namespace troupe::balance
