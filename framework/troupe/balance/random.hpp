// Uniformly. O(1).
#pragma once

#include <string_view>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class uniform_random final : public policy {
 public:
  std::string_view name() const override { return "random"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;
};

}  // namespace troupe::balance
