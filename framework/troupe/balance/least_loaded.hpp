// Of two drawn at random, the one with the lesser (R_i + 1) / K_i, requests there per request it can serve at
// once. O(1).
#pragma once

#include <string_view>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class least_loaded final : public policy {
 public:
  std::string_view name() const override { return "least_loaded"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;
};

}  // namespace troupe::balance
