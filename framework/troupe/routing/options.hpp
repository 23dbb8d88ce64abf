// How the life of a call is bounded, and what its two inner rooms may do.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <troupe/balance/options.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/retry/options.hpp>
#include <troupe/routing/service_options.hpp>

namespace troupe::routing {

struct options {
  balance::options balance;
  retry::options retry;
  balance::policy_kind policy = balance::policy_kind::dynamic_score;  // of services that name none
  std::map<std::string, service_options, std::less<>> services;       // by name

  // Calls under way at once, 2 to 2^24; beyond, a call ends at once. About 300 bytes each, when used.
  std::uint32_t calls_max = 262'144;

  // How long a call to a service that nobody is known to serve may wait for somebody to appear; >= 0. Long
  // enough for gossip to bring the news of a node that has just started.
  duration unknown_service_patience = 2s;

  // How long a call with an affinity key waits for replicas whose first link is still being made, so that the
  // key's owner is among those to choose from; >= 0. A connection within a data centre takes under 1 ms.
  duration affinity_patience = 50ms;

  // A safe attempt that is older than clamp(stall_p99s * p99, stall_min, remaining / 3) gets one backup
  // elsewhere. Lower p99 multiples cut the tail and cost load (Dean and Barroso, "The Tail at Scale", 2013).
  double stall_p99s = 4;        // >= 1
  duration stall_min = 20ms;    // > 0
  duration stall_unknown = 1s;  // while no round trip of the method was measured; >= stall_min

  // Replicas of a service that this node keeps links to, and chooses among; 0: all. More where that would
  // leave a replica to nobody. Calls with an affinity key, or for one node, go beyond it.
  std::uint32_t aperture = 256;

  // After a broken link or a failed dial: doubled each time, with full jitter on its upper half.
  duration redial_min = 50ms;  // > 0
  duration redial_max = 5s;    // >= redial_min

  // What holds for one service, its own options or those of all.
  balance::policy_kind policy_of(std::string_view service) const;
  bool names_policy_of(std::string_view service) const;
  std::uint32_t aperture_of(std::string_view service) const;
  balance::options balancing_of(std::string_view service) const;

  /// Errors: invalid_argument naming the option and its bound.
  result<void> validate() const;
};

}  // namespace troupe::routing
