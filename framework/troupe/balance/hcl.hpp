// Prequal's hot-cold lexicographic rule (Wydrowski and others, NSDI'24, section 4): in a pool of 16 drawn at
// random, as large as Prequal's pool of probes, those with more requests in flight than the pool's quantile Q
// are hot; of the cold, the one with the least expected latency. Q = 2^-0.25, the paper's. O(16).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <troupe/balance/by_latency.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class hcl final : public policy {
 public:
  std::string_view name() const override { return "hcl"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  static constexpr std::uint32_t pool_max = 16;
  by_latency among_cold_;
  std::array<replica_index, pool_max> pool_;
};

}  // namespace troupe::balance
