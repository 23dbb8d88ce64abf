// How the life of a call is bounded, and what its two inner rooms may do. What each option is, and its
// bounds, stands in `list`; the policy of all services is among the node's own options.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <troupe/balance/options.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/option_list.hpp>
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

  // About 300 bytes each, when used.
  std::uint32_t calls_max = 262'144;

  // Long enough for gossip to bring the news of a node that has just started.
  duration unknown_service_patience = 2s;

  // So the key's owner is among those to choose from. A connection within a data centre takes under 1 ms.
  duration affinity_patience = 50ms;

  // A safe attempt that is older than clamp(stall_p99s * p99, stall_min, remaining / 3) gets one backup
  // elsewhere. Lower p99 multiples cut the tail and cost load (Dean and Barroso, "The Tail at Scale", 2013).
  double stall_p99s = 4;
  duration stall_min = 20ms;
  duration stall_unknown = 1s;

  // More where that would leave a replica to nobody. Calls with an affinity key, or for one node, go beyond
  // it.
  std::uint32_t aperture = 256;

  // Full jitter on the upper half of each wait.
  duration redial_min = 50ms;
  duration redial_max = 5s;

  // What holds for one service, its own options or those of all.
  balance::policy_kind policy_of(std::string_view service) const;
  bool names_policy_of(std::string_view service) const;
  std::uint32_t aperture_of(std::string_view service) const;
  /// REQUIRES: `validate` has agreed.
  balance::options balancing_of(std::string_view service) const;
  retry::options repeating_of(std::string_view service) const;

  static option_list<options> list();
  /// Errors: invalid_argument naming the option, its value and its bounds.
  result<void> validate() const;
};

}  // namespace troupe::routing
