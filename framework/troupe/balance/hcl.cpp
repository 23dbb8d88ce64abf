#include <algorithm>
#include <span>

#include <troupe/balance/hcl.hpp>

namespace troupe::balance {

namespace {

constexpr double quantile_hot = 0.8408964152537145;  // 2^-0.25

}  // namespace

std::unique_ptr<policy> make_hcl() { return std::make_unique<hcl>(); }

preference hcl::pick(const candidates& among, const request& what, random_source& random) {
  // Floyd's sampling: as many as the pool holds, none twice.
  const std::uint32_t count = among.size();
  const std::uint32_t wanted = std::min(count, pool_max);
  std::array<double, pool_max> in_flight{};
  std::uint32_t drawn = 0;
  const auto pool_end = [&] { return pool_.begin() + drawn; };
  for (std::uint32_t last = count - wanted; last < count; ++last) {
    replica_index i = among[random.below(last + 1)];
    if (std::find(pool_.begin(), pool_end(), i) != pool_end()) i = among[last];
    if (among.wants_trial(i)) return {i};
    in_flight[drawn] = among.load(i);
    pool_[drawn++] = i;
  }
  std::array<double, pool_max> sorted = in_flight;
  const auto quantile = sorted.begin() + static_cast<std::ptrdiff_t>(quantile_hot * (drawn - 1));
  std::nth_element(sorted.begin(), quantile, sorted.begin() + drawn);
  std::uint32_t cold = 0;
  for (std::uint32_t k = 0; k < drawn; ++k)
    if (in_flight[k] <= *quantile) pool_[cold++] = pool_[k];
  return among_cold_.pick(among.only(std::span(pool_).first(cold)), what, random);
}

}  // namespace troupe::balance
