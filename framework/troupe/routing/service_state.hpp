// What the router keeps for one service: its replicas' statistics, how it chooses, what it may repeat.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <troupe/balance/fleet.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/retry/budget.hpp>
#include <troupe/routing/options.hpp>

namespace troupe::routing {

struct service_state {
  service_state(std::string of, const options& settings, std::uint64_t salt, time_point now)
      : name(std::move(of)),
        replicas(settings.balance, salt, now),
        policy(balance::make_policy(settings.policy)),
        budget(settings.retry, now) {}

  std::string name;
  balance::fleet replicas;
  std::unique_ptr<balance::policy> policy;
  retry::budget budget;
  enum class use : bool { not_yet, called } used = use::not_yet;  // links are dialled at the first call
  std::uint32_t offered_by = 0;                                   // nodes
  std::uint32_t parked = 0;                                       // calls
};

}  // namespace troupe::routing
