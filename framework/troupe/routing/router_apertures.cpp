// Whom this node is connected to, of a service with more replicas than options::aperture: a window of them,
// which is even over all callers and moves little when somebody comes or goes (balance/aperture.hpp).
//
// The statistics know everybody, since a key's owner may be anybody; only links are spared. A call that must
// go beyond the window (to its key's owner, to one node, or because nobody in the window can be reached) gets
// its link, which is kept for a while.
#include <algorithm>

#include <troupe/base/hash.hpp>
#include <troupe/routing/router.hpp>

namespace troupe::routing {

namespace {

constexpr duration aims_apart = 100ms;  // so that a crowd that joins together moves the windows once or twice
constexpr duration kept_outside = 1min;
constexpr duration busy_for = 1s;  // until it is asked again whether a link may go
constexpr int widened_by = 8;      // links at a time

}  // namespace

void router::aim_soon(time_point now) {
  if (windowed_ > 0) next_aim_ = std::min(next_aim_, now + aims_apart);
}

void router::aim_all(time_point now, actions& out) {
  next_aim_ = never;
  for (service_ref ref = 0; ref < services_.size(); ++ref) {
    const service_state& service = *services_[ref];
    if (service.used == service_state::use::called) aim(ref, out);
  }
  let_go(now, out);
}

void router::aim(service_ref ref, actions& out) {
  service_state& service = *services_[ref];
  const balance::aperture window(service.offered_by, place_among_callers(ref), service.aperture);
  windowed_ -= service.windowed;
  service.windowed = service.aperture > 0 && service.offered_by > service.aperture;
  windowed_ += service.windowed;
  for (std::uint32_t position = 0; position < service.offered_by; ++position) {
    const balance::replica_index index = service.replicas.nth_by_hash(position);
    node& on = *nodes_.find(service.replicas.node_of(index));
    node::replica* replica = on.find(ref);
    replica->in = node::replica::place{window.includes(position)};
    service.replicas.set(index, balance::standing::outside, replica->in == node::replica::place::outside);
    if (replica->in == node::replica::place::window) want_link(on, out);
  }
}

// Who calls a service, nobody tells. But callers are mostly of one kind: nodes of its own kind, or nodes of
// others; so windows are spread evenly over each of the two.
balance::router_place router::place_among_callers(service_ref service) const {
  const node* mine = nodes_.find(self_);
  const bool of_its_kind = mine != nullptr && mine->find(service) != nullptr;
  const std::uint64_t place = hash_of(&self_.value, sizeof self_.value);
  balance::router_place found{0, 1};
  for (const auto& [id, one] : nodes_) {
    if (id == self_ || one.status == node_status::gone || (one.find(service) != nullptr) != of_its_kind)
      continue;
    ++found.routers;
    found.rank += hash_of(&id.value, sizeof id.value) < place;
  }
  return found;
}

void router::reach_out(node& to, time_point now, actions& out) {
  to.wanted_until = now + kept_outside;
  next_let_go_ = std::min(next_let_go_, to.wanted_until);
  want_link(to, out);
}

/// A call for one node may have come before the news of that node.
void router::reach_out_for_parked(node& to, time_point now, actions& out) {
  const bool anybody = std::any_of(services_.begin(), services_.end(),
                                   [](const auto& service) { return service->parked > 0; });
  for (std::uint32_t slot = 1; anybody && slot < calls_.size(); ++slot)
    if (const call& it = calls_.at(slot); it.phase == phase::parked && it.spec.only == to.self.node)
      return reach_out(to, now, out);
}

/// When nobody in the window can be reached: false when there is nobody else.
bool router::widen(service_ref ref, time_point now, actions& out) {
  service_state& service = *services_[ref];
  if (!service.windowed) return false;
  bool found = false;
  for (int i = 0; i < widened_by; ++i) {
    const auto index = service.replicas.nth_by_hash(random_.below(service.offered_by));
    node& on = *nodes_.find(service.replicas.node_of(index));
    reach_out(on, now, out);
    found |= on.link == link_state::dialing;
  }
  return found;
}

void router::let_go(time_point now, actions& out) {
  next_let_go_ = never;
  for (auto& [id, one] : nodes_) {
    if (now < one.wanted_until) next_let_go_ = std::min(next_let_go_, one.wanted_until);
    if (id == self_ || one.link != link_state::up || one.status == node_status::gone || is_needed(one, now))
      continue;
    const bool busy = std::any_of(one.replicas.begin(), one.replicas.end(), [&](const node::replica& each) {
      return services_[each.service]->replicas.own_in_flight(each.index) > 0;
    });
    if (busy) {
      next_let_go_ = std::min(next_let_go_, now + busy_for);
      continue;
    }
    // Idle before it breaks: that it does is no failure of the replica's.
    set_link(one, link_state::idle);
    mark(one);
    out.push_back(hang_up{id});
  }
}

}  // namespace troupe::routing
