#include <algorithm>

#include <troupe/retry/backoff.hpp>

namespace troupe::retry {

duration backoff(const options& settings, std::uint32_t failover, duration median, duration remaining,
                 random_source& random) {
  if (failover <= 1) return duration{0};
  const duration base = std::clamp(median, settings.backoff_min, settings.backoff_max);
  const std::uint32_t doublings = std::min(failover - 2, 10u);
  const duration span = std::min(base * (std::int64_t{1} << doublings), settings.backoff_longest);
  const duration wait{static_cast<duration::rep>(static_cast<double>(span.count()) * random.unit())};
  return std::max(duration{0}, std::min(wait, remaining / 2));
}

}  // namespace troupe::retry
