#include <algorithm>

#include <troupe/retry/backoff.hpp>

namespace troupe::retry {

namespace {

/// Uniform in [0, base * 2^doublings), below `longest`, and at most half of `remaining`.
duration jittered(duration base, std::uint32_t doublings, duration longest, duration remaining,
                  random_source& random) {
  const duration span = std::min(base * (std::int64_t{1} << std::min(doublings, 10u)), longest);
  const duration wait{static_cast<duration::rep>(static_cast<double>(span.count()) * random.unit())};
  return std::max(duration{0}, std::min(wait, remaining / 2));
}

}  // namespace

duration backoff(const options& settings, std::uint32_t failover, duration median, duration remaining,
                 random_source& random) {
  if (failover <= 1) return duration{0};
  const duration base = std::clamp(median, settings.backoff_min, settings.backoff_max);
  return jittered(base, failover - 2, settings.backoff_longest, remaining, random);
}

duration wait_for_return(const options& settings, std::uint32_t times, duration remaining,
                         random_source& random) {
  return jittered(settings.return_min, std::max(1u, times) - 1, settings.return_max, remaining, random);
}

}  // namespace troupe::retry
