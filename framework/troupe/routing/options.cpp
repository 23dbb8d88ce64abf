#include <troupe/routing/options.hpp>

namespace troupe::routing {

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
  return own == services.end() ? balance : with_weights(balance, own->second.weights).value();
}

result<void> options::validate() const {
  const auto wrong = [](const char* what) { return result<void>(code::invalid_argument, what); };
  if (auto checked = balance.validate(); !checked) return checked;
  if (auto checked = retry.validate(); !checked) return checked;
  for (const auto& [name, own] : services)
    if (const auto checked = with_weights(balance, own.weights); !checked)
      return {checked.error().code, "service " + name + ": " + checked.error().text};
  if (calls_max < 2 || calls_max > (1u << 24)) return wrong("routing.calls_max must be 2 to 16777216.");
  if (unknown_service_patience < 0s) return wrong("routing.unknown_service_patience must not be negative.");
  if (affinity_patience < 0s) return wrong("routing.affinity_patience must not be negative.");
  if (!(stall_p99s >= 1)) return wrong("routing.stall_p99s must be at least 1.");
  if (stall_min <= 0s || stall_unknown < stall_min)
    return wrong("routing: 0 < stall_min <= stall_unknown must hold.");
  if (redial_min <= 0s || redial_max < redial_min)
    return wrong("routing: 0 < redial_min <= redial_max must hold.");
  return {};
}

}  // namespace troupe::routing
