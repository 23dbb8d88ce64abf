// Of two drawn at random, the one to which this node has fewer calls under way: what gRPC and Envoy call
// least request. It asks nobody and believes no report, so it is a fair thing to compare others with, and one
// to fall back on where reports mislead. O(1).
#pragma once

#include <string_view>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class random_two_choices final : public policy {
 public:
  std::string_view name() const override { return "random_two_choices"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;
};

}  // namespace troupe::balance
