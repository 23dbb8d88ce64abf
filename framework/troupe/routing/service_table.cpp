#include <utility>

#include <troupe/base/hash.hpp>
#include <troupe/routing/service_table.hpp>

namespace troupe::routing {

namespace {

error not_known(std::string_view service) {
  return {code::not_found, "No service called " + std::string(service) + " is known here."};
}

}  // namespace

service_table::service_table(const options& settings, std::uint64_t salt, time_point now)
    : settings_(settings), salt_(salt), born_(now) {}

service_ref service_table::intern(std::string_view name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  const service_ref ref = size();
  states_.push_back(std::make_unique<service_state>(std::string(name), settings_, mix(salt_ + ref), born_));
  by_name_.emplace(name, ref);
  return ref;
}

std::optional<service_ref> service_table::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? std::optional(found->second) : std::nullopt;
}

// --- Steering -----------------------------------------------------------------------------------------

result<void> service_table::set_policy(std::string_view service, balance::policy_kind kind) {
  return set_policy(service, balance::make_policy(kind));
}

result<void> service_table::set_policy(std::string_view service, std::unique_ptr<balance::policy> own) {
  const auto found = find(service);
  if (!found) return not_known(service);
  service_state& state = *states_[*found];
  state.policy = std::move(own);
  state.chosen = service_state::chosen_by::order;
  return {};
}

result<void> service_table::set_options(std::string_view service, const service_options& wanted) {
  const auto found = find(service);
  if (!found) return not_known(service);
  service_state& state = *states_[*found];
  const auto balancing = with_weights(state.balancing, wanted.weights);
  if (!balancing) return balancing.error();
  state.balancing = *balancing;
  state.replicas.settings_changed();
  if (wanted.aperture) state.aperture = *wanted.aperture;
  return wanted.policy ? set_policy(service, *wanted.policy) : result<void>{};
}

void service_table::take_declared(service_ref service, std::string_view policy) {
  const auto kind = balance::parse_policy_kind(policy);
  if (!kind) return;
  service_state& state = *states_[service];
  state.policy = balance::make_policy(*kind);
  state.chosen = service_state::chosen_by::interface;
}

// --- Seeing -------------------------------------------------------------------------------------------

balance::explanation service_table::explain(service_ref service, std::uint32_t method, time_point now) const {
  const service_state& state = *states_[service];
  return {state.name, std::string(state.policy->name()),
          state.replicas.explain(balance::replica_set::group_of(method), now)};
}

std::vector<method_times> service_table::times_of(service_ref service) const {
  const balance::replica_set& replicas = states_[service]->replicas;
  std::vector<method_times> measured;
  for (std::uint32_t group = 0; group < balance::replica_set::groups_max; ++group)
    if (const duration median = replicas.median_round_trip(group); median > 0s)
      measured.push_back({group, median, replicas.p99_round_trip(group)});
  return measured;
}

}  // namespace troupe::routing
