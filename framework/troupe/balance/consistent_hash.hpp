// The key's owner by multi-probe consistent hashing (key_ring.hpp), so that a replica that leaves moves only
// its own keys, with the bounded loads of Mirrokni, Thorup and Zadimoghaddam (2018). Without a key, or with
// all owners too full: dynamic_score. O(1).
#pragma once

#include <string_view>

#include <troupe/balance/dynamic_score.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class consistent_hash final : public policy {
 public:
  std::string_view name() const override { return "consistent_hash"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  dynamic_score without_key_;
};

}  // namespace troupe::balance
