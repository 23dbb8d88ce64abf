#include <array>

#include <troupe/routing/options.hpp>

namespace troupe::routing {

namespace {

constexpr std::array all = {
    option_of<&options::calls_max>("calls_max", between(2, 1 << 24),
                                   "Calls under way at once; beyond, a call ends at once."),
    option_of<&options::unknown_service_patience>(
        "unknown_service_patience", at_least(0s),
        "How long a call to a service that nobody is known to serve "
        "may wait for somebody to appear."),
    option_of<&options::affinity_patience>("affinity_patience", at_least(0s),
                                           "How long a call with an affinity key waits for replicas whose "
                                           "first link is still being made."),
    option_of<&options::stall_p99s>("stall_p99s", at_least(1),
                                    "A safe attempt that takes longer than so many p99s gets one backup "
                                    "elsewhere."),
    option_of<&options::stall_min>("stall_min", above(0s), "Not before this, however short the p99 is."),
    option_of<&options::stall_unknown>(
        "stall_unknown", above(0s),
        "After this, while no round trip of the method was measured; not below "
        "stall_min."),
    option_of<&options::aperture>("aperture", at_least(0).in("replicas"),
                                  "Of a service, that this node keeps links to, and chooses among; 0: all."),
    option_of<&options::redial_min>("redial_min", above(0s),
                                    "The wait after a broken link or a failed dial, doubled each time."),
    option_of<&options::redial_max>("redial_max", above(0s), "Its longest; not below redial_min."),
};
static_assert(covers<options>(all, 4));  // balance, retry; policy, which the node lists; services

}  // namespace

balance::policy_kind options::policy_of(std::string_view service) const {
  return names_policy_of(service) ? *services.find(service)->second.policy : policy;
}

std::uint32_t options::aperture_of(std::string_view service) const {
  const auto own = services.find(service);
  return own != services.end() ? own->second.aperture.value_or(aperture) : aperture;
}

bool options::names_policy_of(std::string_view service) const {
  const auto own = services.find(service);
  return own != services.end() && own->second.policy;
}

balance::options options::balancing_of(std::string_view service) const {
  const auto own = services.find(service);
  return own == services.end() ? balance : own->second.over(balance).value();
}

retry::options options::repeating_of(std::string_view service) const {
  const auto own = services.find(service);
  return own == services.end() ? retry : own->second.over(retry).value();
}

result<void> options::validate() const {
  if (auto sound = balance.validate(); !sound) return sound;
  if (auto sound = retry.validate(); !sound) return sound;
  if (auto sound = list().check(*this); !sound) return sound;
  for (const auto& [name, own] : services) {
    const auto at_fault = [&of = name](const error& problem) {
      return error{problem.code, "service " + of + ": " + problem.text};
    };
    if (const auto changed = own.over(balance); !changed) return at_fault(changed.error());
    if (const auto changed = own.over(retry); !changed) return at_fault(changed.error());
  }
  if (stall_unknown < stall_min)
    return option_error("routing.stall_unknown", format_duration(stall_unknown),
                        "at least routing.stall_min, " + format_duration(stall_min));
  if (redial_max < redial_min)
    return option_error("routing.redial_max", format_duration(redial_max),
                        "at least routing.redial_min, " + format_duration(redial_min));
  return {};
}

option_list<options> options::list() { return {"routing", all}; }

}  // namespace troupe::routing
