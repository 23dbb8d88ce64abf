// How long to wait before another attempt.
//
// The first failover is immediate: another replica is most likely fine. What fails again waits with full
// jitter, so that callers that failed together do not return together.
//
// Source: Brooker, "Exponential Backoff and Jitter" (2015); balancing research for the bounds.
#pragma once

#include <cstdint>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/retry/options.hpp>

namespace troupe::retry {

/// The wait before failover number `failover` (1 is the first, and waits 0). `median` is the service's usual
/// round trip, 0 if unknown. At most half of `remaining`, so that there is time left to use it.
duration backoff(const options& settings, std::uint32_t failover, duration median, duration remaining,
                 random_source& random);

/// The `times`-th wait (from 1) for a replica that refused because it is starting, restarting or leaving. At
/// most half of `remaining`.
duration wait_for_return(const options& settings, std::uint32_t times, duration remaining,
                         random_source& random);

}  // namespace troupe::retry
