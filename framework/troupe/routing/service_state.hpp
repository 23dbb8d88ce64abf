// What the router keeps for one service: its replicas' statistics, how it chooses, what it may repeat.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <troupe/balance/policy.hpp>
#include <troupe/balance/replica_set.hpp>
#include <troupe/retry/budget.hpp>
#include <troupe/retry/throttle.hpp>
#include <troupe/routing/hedge_gate.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/service_options.hpp>

namespace troupe::routing {

struct service_state {
  /// `settings` must be valid.
  service_state(std::string of, const options& settings, std::uint64_t salt, time_point now)
      : name(std::move(of)),
        balancing(settings.balancing_of(name)),
        replicas(balancing, salt, now),
        policy(balance::make_policy(settings.policy_of(name))),
        aperture(settings.aperture_of(name)),
        repeating(settings.repeating_of(name)),
        budget(repeating.repeats(), now),
        hedges(repeating.hedges(), now),
        throttle(now) {
    if (settings.names_policy_of(name)) chosen = chosen_by::options;
  }

  std::string name;
  balance::options balancing;  // the replica set reads it: weights may be changed while it runs
  balance::replica_set replicas;
  std::unique_ptr<balance::policy> policy;
  std::uint32_t aperture;  // as options::aperture
  bool windowed = false;   // there are more replicas than that
  /// Where the policy comes from: later ones go before earlier ones.
  enum class chosen_by : std::uint8_t { nobody, interface, options, order } chosen = chosen_by::nobody;
  retry::options repeating;
  retry::budget budget;
  hedge_gate hedges;
  retry::throttle throttle;
  enum class use : bool { not_yet, called } used = use::not_yet;  // links are dialled at the first call
  std::uint32_t offered_by = 0;                                   // nodes
  std::uint32_t parked = 0;                                       // calls
};

}  // namespace troupe::routing
