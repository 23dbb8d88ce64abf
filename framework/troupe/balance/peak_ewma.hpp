// Of two drawn at random, the one with the lesser L_i, in s: Finagle's and Linkerd's rule, peak EWMA of the
// round trip * (pending + 1), where service time, queue and path are told apart and others' requests count.
// O(1).
//
// As there, a failure has no price of its own: ejection is what keeps calls from who fails fast.
#pragma once

#include <string_view>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class peak_ewma final : public policy {
 public:
  std::string_view name() const override { return "peak_ewma"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;
};

}  // namespace troupe::balance
