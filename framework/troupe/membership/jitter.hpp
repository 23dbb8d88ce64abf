// Periods of the many nodes of a cluster must not fall into step.
#pragma once

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

/// `value`, a quarter more or less.
inline duration jittered(duration value, random_source& random) {
  return from_seconds(to_seconds(value) * random.between(0.75, 1.25));
}

}  // namespace troupe::membership
