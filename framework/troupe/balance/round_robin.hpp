// Each in turn, in the order of their indices. O(log replicas).
#pragma once

#include <string_view>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class round_robin final : public policy {
 public:
  std::string_view name() const override { return "round_robin"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  replica_index next_ = 0;
};

}  // namespace troupe::balance
