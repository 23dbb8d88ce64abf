// The router's view of nodes and links: who can take a call, whom to dial, and what a lost link means for
// the attempts on it.
#include <algorithm>

#include <troupe/routing/router.hpp>

namespace troupe::routing {

namespace {

/// A link that held this long was sound: its next break starts the backoff anew.
constexpr duration sound_link = 5s;

}  // namespace

// --- Membership ----------------------------------------------------------------------------------------

void router::node_changed(const node_view& view, time_point now, actions& out) {
  const node_id id = view.self.node;
  node* it = nodes_.find(id);
  if (it == nullptr) {
    if (view.status == node_status::gone) return;
    it = &nodes_.add(id);
    if (id == self_) it->link = link_state::up;
    it->self = view.self;
    aim_soon(now);
  }
  if (view.self.epoch < it->self.epoch) return;
  if (view.self.epoch > it->self.epoch) {
    drop_replicas(*it);
    it->dials_failed = 0;
  }
  it->self = view.self;
  it->name = view.name;
  it->address = view.address;
  it->status = view.status;
  it->suspected = view.suspected;
  it->degraded = view.degraded;
  if (view.status == node_status::gone) {
    drop_replicas(*it);
    aim_soon(now);
    it->dial_at = never;
    move_away(id, now, out);
    if (it->link == link_state::up && id != self_) return;
    set_link(*it, link_state::idle);
    nodes_.erase(id);
    return;
  }
  place(*it, view, now, out);
  mark(*it);
  if (it->link == link_state::idle) reach_out_for_parked(*it, now, out);
  resume(*it, now, out);
}

void router::place(node& on, const node_view& view, time_point now, actions& out) {
  const auto offered = [&](service_ref ref) {
    return std::any_of(view.services.begin(), view.services.end(),
                       [&](const auto& s) { return s.name == services_[ref]->name; });
  };
  std::erase_if(on.replicas, [&](const node::replica& replica) {
    if (offered(replica.service)) return false;
    services_[replica.service]->replicas.remove(replica.index);
    --services_[replica.service]->offered_by;
    aim_soon(now);
    return true;
  });
  for (const node_view::service& each : view.services) {
    const service_ref ref = intern(each.name);
    service_state& service = *services_[ref];
    balance::replica_facts facts;
    facts.node = on.self.node;
    facts.name = view.name;
    facts.address = view.address;
    facts.distance =
        on.self.node == self_ ? balance::distance::this_node : distance_between(zone_, view.zone);
    facts.weight = std::max(1u, each.weight);
    if (const auto* held = on.find(ref)) {
      service.replicas.describe(held->index, std::move(facts));
      continue;
    }
    node::replica added{ref, service.replicas.add(std::move(facts))};
    ++service.offered_by;
    const bool all = service.aperture == 0 || service.offered_by <= service.aperture;
    if (!all) added.in = node::replica::place::outside;  // until the next aim
    on.replicas.push_back(added);
    if (service.used == service_state::use::not_yet) continue;
    if (all) {
      want_link(on, out);
    } else if (!service.windowed) {
      aim(ref, out);
    }
    aim_soon(now);
  }
}

void router::drop_replicas(node& of) {
  for (const node::replica& replica : of.replicas) {
    services_[replica.service]->replicas.remove(replica.index);
    --services_[replica.service]->offered_by;
  }
  of.replicas.clear();
}

void router::mark(const node& of) {
  using balance::standing;
  for (const node::replica& replica : of.replicas) {
    balance::replica_set& replicas = services_[replica.service]->replicas;
    replicas.set(replica.index, standing::unreachable, !of.takes_calls());
    replicas.set(replica.index, standing::draining, of.status == node_status::draining);
    replicas.set(replica.index, standing::silent, of.silent);
    replicas.set(replica.index, standing::suspected, of.suspected);
    replicas.set(replica.index, standing::degraded, of.degraded);
    replicas.set(replica.index, standing::outside, replica.in == node::replica::place::outside);
  }
}

// --- Links ---------------------------------------------------------------------------------------------

bool router::is_needed(const node& of, time_point now) const {
  if (of.status == node_status::gone) return false;
  if (now < of.wanted_until) return true;
  return std::any_of(of.replicas.begin(), of.replicas.end(), [&](const node::replica& r) {
    return r.in == node::replica::place::window && services_[r.service]->used == service_state::use::called;
  });
}

void router::set_link(node& to, link_state state) {
  dialing_ -= to.link == link_state::dialing;
  dialing_ += state == link_state::dialing;
  to.link = state;
}

void router::want_link(node& to, actions& out) {
  if (to.link != link_state::idle) return;
  set_link(to, link_state::dialing);
  out.emplace_back(std::in_place_type<dial>, to.self.node);
}

void router::use(service_ref service, actions& out) {
  services_[service]->used = service_state::use::called;
  aim(service, out);
}

void router::schedule_dial(node& to, time_point now) {
  const auto doublings = std::min(to.dials_failed, 20u);
  const duration span = std::min(settings_.redial_min * (std::int64_t{1} << doublings), settings_.redial_max);
  const double share = random_.between(.5, 1);
  set_link(to, link_state::broken);
  to.dial_at = now + duration{static_cast<duration::rep>(static_cast<double>(span.count()) * share)};
  next_dial_ = std::min(next_dial_, to.dial_at);
  ++to.dials_failed;
}

void router::dial_due(time_point now, actions& out) {
  next_dial_ = never;
  for (auto& [id, one] : nodes_) {
    if (one.link != link_state::broken) continue;
    if (one.dial_at <= now) {
      set_link(one, link_state::idle);
      one.dial_at = never;
      if (is_needed(one, now)) want_link(one, out);
    } else {
      next_dial_ = std::min(next_dial_, one.dial_at);
    }
  }
}

void router::link_up(node_id id, time_point now, actions& out) {
  node* it = nodes_.find(id);
  if (it == nullptr || it->link == link_state::up) return;
  set_link(*it, link_state::up);
  it->dial_at = never;
  it->up_since = it->heard = now;
  it->congested = it->silent = false;
  mark(*it);
  resume(*it, now, out);
}

void router::link_down(node_id id, std::string_view why, time_point now, actions& out) {
  node* it = nodes_.find(id);
  if (it == nullptr || id == self_ || it->link == link_state::idle || it->link == link_state::broken) return;
  const bool was_up = it->link == link_state::up;
  if (was_up && now - it->up_since >= sound_link) it->dials_failed = 0;
  set_link(*it, link_state::idle);
  it->congested = it->silent = false;
  it->broken_why = why;
  if (is_needed(*it, now)) schedule_dial(*it, now);
  mark(*it);
  if (was_up)
    for (const node::replica& replica : it->replicas)
      services_[replica.service]->replicas.link_broke(replica.index, now);
  if (it->status == node_status::gone) nodes_.erase(id);
  if (was_up) lose(id, why, now, out);
}

void router::link_congested(node_id id, congested is, time_point now, actions& out) {
  node* it = nodes_.find(id);
  if (it == nullptr) return;
  it->congested = is == congested::yes;
  mark(*it);
  if (is == congested::no) resume(*it, now, out);
}

void router::heard_from(node_id id, time_point now) {
  node* it = nodes_.find(id);
  if (it == nullptr) return;
  it->heard = now;
  if (!it->silent) return;
  it->silent = false;
  mark(*it);
  for (const node::replica& replica : it->replicas)
    services_[replica.service]->replicas.heard(replica.index, now);
}

void router::load_told(node_id by, service_ref service, const rpc::load_report& load, time_point now) {
  const node* it = nodes_.find(by);
  if (it == nullptr) return;
  const node::replica* replica = it->find(service);
  if (replica == nullptr) return;
  ++counted_.probes_answered;
  balance::replica_set& replicas = services_[service]->replicas;
  replicas.probed(replica->index, replicas.life_of(replica->index), load, now);
}

void router::fell_silent(node_id id, time_point now, actions& out) {
  node* it = nodes_.find(id);
  if (it == nullptr || id == self_ || it->silent) return;
  it->silent = true;
  mark(*it);
  move_away(id, now, out);
}

// --- Calls that a node's fate concerns -----------------------------------------------------------------
// These are rare, so they look at every slot; a list per node would cost every attempt.

void router::resume(const node& on, time_point now, actions& out) {
  if (!on.takes_calls()) return;
  const bool anybody = std::any_of(on.replicas.begin(), on.replicas.end(),
                                   [&](const node::replica& r) { return services_[r.service]->parked > 0; });
  if (!anybody) return;
  for (std::uint32_t slot = 1; slot < calls_.size(); ++slot)
    if (call& it = calls_.at(slot); it.phase == phase::parked) start(it, now, out);
}

void router::move_away(node_id from, time_point now, actions& out) {
  for (std::uint32_t slot = 1; slot < calls_.size(); ++slot) {
    call& it = calls_.at(slot);
    if (it.phase != phase::under_way || !retry::may_overlap(it.spec.safety)) continue;
    if ((it.marks & call::mark_of(from)) == 0) continue;
    bool here = false;
    bool elsewhere = false;
    for (std::size_t i = 0; i < it.states.size(); ++i) {
      if (!it.states[i].under_way) continue;
      const node* other = nodes_.find(it.records[i].node);
      here |= it.records[i].node == from;
      elsewhere |= it.records[i].node != from && other != nullptr && !other->silent;
    }
    if (!here || elsewhere) continue;
    it.backup = call::backup::wanted;
    back_up(it, now, out);
  }
}

void router::lose(node_id with, std::string_view why, time_point now, actions& out) {
  for (std::uint32_t slot = 1; slot < calls_.size(); ++slot) {
    call& it = calls_.at(slot);
    if (it.phase != phase::under_way || (it.marks & call::mark_of(with)) == 0) continue;
    for (std::size_t i = 0; i < it.states.size() && it.phase == phase::under_way; ++i) {
      if (!it.states[i].under_way || it.records[i].node != with) continue;
      it.records[i].fate = retry::fate::lost;
      it.records[i].code = code::unavailable;
      it.records[i].note = why.empty() ? "connection lost after sending" : std::string(why);
      ended(it, i, balance::outcome::lost, nullptr, now);
      failed(it, i, now, out);
      break;  // the call has moved on; another attempt of it on the same link cannot exist
    }
  }
}

}  // namespace troupe::routing
