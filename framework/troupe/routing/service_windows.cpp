#include <algorithm>

#include <troupe/base/hash.hpp>
#include <troupe/routing/service_windows.hpp>
#include <troupe/routing/standings.hpp>

namespace troupe::routing {

namespace {

constexpr duration moves_apart = 100ms;  // so that a crowd that joins together moves them once or twice
constexpr duration kept_outside = 1min;
constexpr duration busy_for = 1s;  // until it is asked again whether a link may go
constexpr int reached_beyond = 8;  // replicas at a time

}  // namespace

void service_windows::open(service_ref service, actions& out) {
  services_[service].used = service_state::use::called;
  move(service, out);
}

void service_windows::move_soon(time_point now) {
  if (windowed_ > 0) alarms_.set_by(alarm::move, now + moves_apart);
}

void service_windows::move_all(actions& out) {
  for (service_ref service = 0; service < services_.size(); ++service)
    if (services_[service].used == service_state::use::called) move(service, out);
}

void service_windows::move(service_ref ref, actions& out) {
  service_state& service = services_[ref];
  const balance::aperture window(service.offered_by, place_among_callers(ref), service.aperture);
  windowed_ -= service.windowed;
  service.windowed = service.aperture > 0 && service.offered_by > service.aperture;
  windowed_ += service.windowed;
  for (std::uint32_t position = 0; position < service.offered_by; ++position) {
    const balance::replica_index index = service.replicas.nth_by_hash(position);
    node_state& node = *nodes_.find(service.replicas.node_of(index));
    node_state::replica& replica = *node.find(ref);
    replica.in = node_state::replica::place{window.includes(position)};
    service.replicas.set(index, balance::standing::outside, replica.is_outside());
    if (!replica.is_outside()) links_.want(node, out);
  }
}

// Who calls a service, nobody tells. But callers are mostly of one kind: nodes of its own kind, or nodes of
// others; so windows are spread evenly over each of the two.
balance::router_place service_windows::place_among_callers(service_ref service) const {
  const node_state* mine = nodes_.find(self_);
  const bool of_its_kind = mine != nullptr && mine->find(service) != nullptr;
  const std::uint64_t place = hash_of(&self_.value, sizeof self_.value);
  balance::router_place found{0, 1};
  for (const auto& [id, node] : nodes_) {
    if (id == self_ || node.status == node_status::gone || (node.find(service) != nullptr) != of_its_kind)
      continue;
    ++found.routers;
    found.rank += hash_of(&id.value, sizeof id.value) < place;
  }
  return found;
}

void service_windows::reach_out(node_state& node, time_point now, actions& out) {
  node.wanted_until = now + kept_outside;
  alarms_.set_by(alarm::hang_up, node.wanted_until);
  links_.want(node, out);
}

bool service_windows::reach_beyond(service_ref ref, time_point now, actions& out) {
  service_state& service = services_[ref];
  if (!service.windowed) return false;
  bool found = false;
  for (int i = 0; i < reached_beyond; ++i) {
    const auto index = service.replicas.nth_by_hash(random_.below(service.offered_by));
    node_state& node = *nodes_.find(service.replicas.node_of(index));
    reach_out(node, now, out);
    found |= node.link == link_state::dialing;
  }
  return found;
}

void service_windows::tick(time_point now, actions& out) {
  const bool moved = alarms_.take(alarm::move, now);
  if (moved) move_all(out);
  if (moved || alarms_.due(alarm::hang_up, now)) hang_up_unneeded(now, out);
}

void service_windows::hang_up_unneeded(time_point now, actions& out) {
  alarms_.clear(alarm::hang_up);
  for (auto& [id, node] : nodes_) {
    if (now < node.wanted_until) alarms_.set_by(alarm::hang_up, node.wanted_until);
    const bool may_go = id != self_ && node.link == link_state::up && node.status != node_status::gone;
    if (!may_go || links_.is_needed(node, now)) continue;
    const bool busy =
        std::any_of(node.replicas.begin(), node.replicas.end(), [&](const node_state::replica& replica) {
          return services_[replica.service].replicas.own_in_flight(replica.index) > 0;
        });
    if (busy) {
      alarms_.set_by(alarm::hang_up, now + busy_for);
      continue;
    }
    // Retired before it breaks: that it does is no failure of the replica's.
    links_.retire(node);
    update_standings(node, services_);
    out.push_back(hang_up{id});
  }
}

}  // namespace troupe::routing
