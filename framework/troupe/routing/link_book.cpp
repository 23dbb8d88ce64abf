#include <algorithm>
#include <utility>

#include <troupe/routing/link_book.hpp>
#include <troupe/routing/standings.hpp>

namespace troupe::routing {

link_book::link_book(const options& settings, node_id self, std::string zone, service_table& services,
                     random_source& random)
    : self_(self),
      zone_(std::move(zone)),
      services_(services),
      links_(settings, nodes_, services, random),
      windows_(self, nodes_, services, links_, random) {}

// --- Membership ---------------------------------------------------------------------------------------

link_book::news link_book::node_changed(const node_view& view, time_point now, actions& out) {
  const node_id id = view.self.node;
  node_state* node = nodes_.find(id);
  if (node == nullptr) {
    if (view.status == node_status::gone) return news::none;
    node = &nodes_.add(id);
    if (id == self_) {
      node->link = link_state::up;
      node->probes = probes::ignored;  // it says its load with each reply, and is a function call away
    }
    node->self = view.self;
    windows_.move_soon(now);
  }
  if (view.self.epoch < node->self.epoch) return news::none;
  if (view.self.epoch > node->self.epoch) {
    remove_replicas(*node);
    node->dials_failed = 0;
  }
  take_view(*node, view);
  if (view.status == node_status::gone) {
    remove_replicas(*node);
    windows_.move_soon(now);
    return news::gone;
  }
  update_replicas(*node, view, now, out);
  update_standings(*node, services_);
  return news::present;
}

void link_book::forget(node_id id) {
  node_state* gone = nodes_.find(id);
  if (gone == nullptr || (gone->link == link_state::up && id != self_)) return;
  links_.retire(*gone);
  nodes_.erase(id);
}

void link_book::take_view(node_state& node, const node_view& view) {
  node.self = view.self;
  node.name = view.name;
  node.address = view.address;
  node.status = view.status;
  node.suspected = view.suspected;
  node.degraded = view.degraded;
}

void link_book::update_replicas(node_state& node, const node_view& view, time_point now, actions& out) {
  remove_unoffered(node, view, now);
  for (const node_view::service& offered : view.services) {
    const service_ref service = services_.intern(offered.name);
    balance::replica_facts facts;
    facts.node = node.self.node;
    facts.name = view.name;
    facts.address = view.address;
    facts.distance =
        node.self.node == self_ ? balance::distance::this_node : distance_between(zone_, view.zone);
    facts.weight = std::max(1u, offered.weight);
    if (const auto* known = node.find(service)) {
      services_[service].replicas.describe(known->index, std::move(facts));
    } else {
      add_replica(node, service, std::move(facts), now, out);
    }
  }
}

void link_book::remove_unoffered(node_state& node, const node_view& view, time_point now) {
  std::erase_if(node.replicas, [&](const node_state::replica& replica) {
    service_state& service = services_[replica.service];
    const bool offered = std::any_of(view.services.begin(), view.services.end(),
                                     [&](const auto& each) { return each.name == service.name; });
    if (offered) return false;
    service.replicas.remove(replica.index);
    --service.offered_by;
    windows_.move_soon(now);
    return true;
  });
}

void link_book::add_replica(node_state& node, service_ref ref, balance::replica_facts facts, time_point now,
                            actions& out) {
  service_state& service = services_[ref];
  node_state::replica added{ref, service.replicas.add(std::move(facts))};
  ++service.offered_by;
  const bool all_are_in = service.aperture == 0 || service.offered_by <= service.aperture;
  if (!all_are_in) added.in = node_state::replica::place::outside;  // until its window is moved
  node.replicas.push_back(added);
  if (service.used == service_state::use::not_yet) return;
  if (all_are_in) {
    links_.want(node, out);
  } else if (!service.windowed) {
    windows_.move(ref, out);
  }
  windows_.move_soon(now);
}

void link_book::remove_replicas(node_state& node) {
  for (const node_state::replica& replica : node.replicas) {
    services_[replica.service].replicas.remove(replica.index);
    --services_[replica.service].offered_by;
  }
  node.replicas.clear();
}

const node_state::replica* link_book::find_replica(node_id id, service_ref service) const {
  const node_state* node = nodes_.find(id);
  return node != nullptr ? node->find(service) : nullptr;
}

// --- Links --------------------------------------------------------------------------------------------

bool link_book::link_up(node_id id, time_point now, probes what) {
  node_state* node = nodes_.find(id);
  if (node == nullptr || node->link == link_state::up) return false;
  links_.opened(*node, now);
  node->heard = now;
  node->congested = node->silent = false;
  node->probes = what;
  update_standings(*node, services_);
  return true;
}

bool link_book::link_down(node_id id, std::string_view why, time_point now) {
  node_state* node = nodes_.find(id);
  if (node == nullptr || id == self_) return false;
  if (node->link == link_state::idle || node->link == link_state::broken) return false;
  const bool was_up = node->link == link_state::up;
  links_.broke(*node, why, now);
  node->congested = node->silent = false;
  update_standings(*node, services_);
  if (was_up)
    for (const node_state::replica& replica : node->replicas)
      services_[replica.service].replicas.link_broke(replica.index, now);
  if (node->status == node_status::gone) nodes_.erase(id);
  return was_up;
}

void link_book::link_congested(node_id id, bool congested) {
  node_state* node = nodes_.find(id);
  if (node == nullptr) return;
  node->congested = congested;
  update_standings(*node, services_);
}

void link_book::heard_from(node_id id, time_point now) {
  node_state* node = nodes_.find(id);
  if (node == nullptr) return;
  node->heard = now;
  if (!node->silent) return;
  node->silent = false;
  update_standings(*node, services_);
  for (const node_state::replica& replica : node->replicas)
    services_[replica.service].replicas.heard(replica.index, now);
}

bool link_book::fell_silent(node_id id) {
  node_state* node = nodes_.find(id);
  if (node == nullptr || id == self_ || node->silent) return false;
  node->silent = true;
  update_standings(*node, services_);
  return true;
}

// --- Time ---------------------------------------------------------------------------------------------

void link_book::watch(time_point now) {
  for (const auto& [id, node] : nodes_)
    for (const node_state::replica& replica : node.replicas)
      services_[replica.service].replicas.heard(replica.index, node.heard);
  for (const auto& service : services_)
    if (service->used == service_state::use::called) service->replicas.watch(now);
}

void link_book::tick(time_point now, actions& out) {
  links_.tick(now, out);
  windows_.tick(now, out);
}

}  // namespace troupe::routing
