#include <algorithm>

#include <troupe/base/hash.hpp>
#include <troupe/routing/router.hpp>

namespace troupe::routing {

namespace {
constexpr duration watch_every = 100ms;

error not_known(std::string_view service) {
  return {code::not_found, "No service called " + std::string(service) + " is known here."};
}
}  // namespace

router::router(const options& settings, node_id self, std::string zone, std::uint64_t seed, time_point now)
    : settings_(settings),
      self_(self),
      zone_(std::move(zone)),
      salt_(mix(seed)),
      born_(now),
      random_(seed),
      calls_(settings.calls_max),
      wheel_(now) {}

router::~router() = default;

service_ref router::intern(std::string_view service) {
  if (const auto found = by_name_.find(service); found != by_name_.end()) return found->second;
  const auto ref = static_cast<service_ref>(services_.size());
  services_.push_back(
      std::make_unique<service_state>(std::string(service), settings_, mix(salt_ + ref), born_));
  by_name_.emplace(service, ref);
  return ref;
}

std::string_view router::name_of(service_ref service) const { return services_[service]->name; }

// --- Time ----------------------------------------------------------------------------------------------

void router::tick(time_point now, actions& out) {
  due_.clear();
  wheel_.advance(now, due_);
  for (const std::uint32_t slot : due_)
    if (call& it = calls_.at(slot); it.phase != phase::ended) wake(it, now, out);
  if (now >= next_dial_) dial_due(now, out);
  if (now >= next_aim_) aim_all(now, out);
  if (now >= next_let_go_) let_go(now, out);
  if (now >= next_watch_) {
    next_watch_ = now + watch_every;
    if (calls_.live() == 0) return;
    for (const auto& [id, one] : nodes_)
      for (const auto& replica : one.replicas)
        services_[replica.service]->replicas.heard(replica.index, one.heard);
    for (const auto& service : services_)
      if (service->used == service_state::use::called) service->replicas.watch(now);
  }
}

time_point router::next_deadline() const {
  const time_point due = std::min({wheel_.next_deadline(), next_dial_, next_aim_, next_let_go_});
  return calls_.live() > 0 ? std::min(due, next_watch_) : due;
}

// --- Seeing and steering -------------------------------------------------------------------------------

std::span<const attempt_record> router::history(call_id id) const {
  const call* it = calls_.find_ended(id);
  return it != nullptr ? std::span<const attempt_record>(it->records) : std::span<const attempt_record>{};
}

std::vector<std::string> router::services() const {
  std::vector<std::string> names;
  for (const auto& [name, ref] : by_name_) names.push_back(name);
  return names;
}

balance::explanation router::explain(service_ref service, time_point now, std::uint32_t method) const {
  const service_state& it = *services_[service];
  return {it.name, std::string(it.policy->name()),
          it.replicas.explain(balance::replica_set::group_of(method), now)};
}

std::vector<router::method_times> router::times_of(service_ref service) const {
  const balance::replica_set& replicas = services_[service]->replicas;
  std::vector<method_times> measured;
  for (std::uint32_t group = 0; group < balance::replica_set::groups_max; ++group)
    if (const duration median = replicas.median_round_trip(group); median > 0s)
      measured.push_back({group, median, replicas.p99_round_trip(group)});
  return measured;
}

result<void> router::set_policy(std::string_view service, balance::policy_kind kind) {
  return set_policy(service, balance::make_policy(kind));
}

result<void> router::set_policy(std::string_view service, std::unique_ptr<balance::policy> own) {
  const auto found = by_name_.find(service);
  if (found == by_name_.end()) return not_known(service);
  service_state& it = *services_[found->second];
  it.policy = std::move(own);
  it.chosen = service_state::chosen_by::order;
  return {};
}

result<void> router::set_options(std::string_view service, const service_options& how) {
  const auto found = by_name_.find(service);
  if (found == by_name_.end()) return not_known(service);
  service_state& it = *services_[found->second];
  const auto balancing = with_weights(it.balancing, how.weights);
  if (!balancing) return balancing.error();
  it.balancing = *balancing;
  it.replicas.settings_changed();
  if (how.aperture) {
    it.aperture = *how.aperture;
    next_aim_ = time_point{};
  }
  return how.policy ? set_policy(service, *how.policy) : result<void>{};
}

void router::take_declared(service_ref service, std::string_view policy) {
  service_state& it = *services_[service];
  const auto kind = balance::parse_policy_kind(policy);
  if (!kind) return;
  it.policy = balance::make_policy(*kind);
  it.chosen = service_state::chosen_by::interface;
}

double router::retry_budget(service_ref service, time_point now) const {
  return services_[service]->budget.balance(now);
}

}  // namespace troupe::routing
