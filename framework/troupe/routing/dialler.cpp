#include <algorithm>

#include <troupe/routing/dialler.hpp>

namespace troupe::routing {

namespace {

/// A link that held this long was sound: its next break starts the backoff anew.
constexpr duration sound_link = 5s;

}  // namespace

bool dialler::is_needed(const node_state& node, time_point now) const {
  if (node.status == node_status::gone) return false;
  if (now < node.wanted_until) return true;
  return std::any_of(node.replicas.begin(), node.replicas.end(), [&](const node_state::replica& replica) {
    return !replica.is_outside() && services_[replica.service].used == service_state::use::called;
  });
}

void dialler::set_link(node_state& node, link_state state) {
  dialing_ -= node.link == link_state::dialing;
  dialing_ += state == link_state::dialing;
  node.link = state;
}

void dialler::want(node_state& node, actions& out) {
  if (node.link != link_state::idle) return;
  set_link(node, link_state::dialing);
  out.push_back(dial{node.self.node});
}

void dialler::opened(node_state& node, time_point now) {
  set_link(node, link_state::up);
  node.dial_at = never;
  node.up_since = now;
}

void dialler::broke(node_state& node, std::string_view why, time_point now) {
  if (node.link == link_state::up && now - node.up_since >= sound_link) node.dials_failed = 0;
  set_link(node, link_state::idle);
  node.broken_why = why;
  if (is_needed(node, now)) begin_backoff(node, now);
}

void dialler::retire(node_state& node) {
  set_link(node, link_state::idle);
  node.dial_at = never;
}

void dialler::begin_backoff(node_state& node, time_point now) {
  const auto doublings = std::min(node.dials_failed, 20u);
  const duration longest =
      std::min(settings_.redial_min * (std::int64_t{1} << doublings), settings_.redial_max);
  const double share = random_.between(.5, 1);
  set_link(node, link_state::broken);
  node.dial_at = now + duration{static_cast<duration::rep>(static_cast<double>(longest.count()) * share)};
  next_dial_ = std::min(next_dial_, node.dial_at);
  ++node.dials_failed;
}

void dialler::tick(time_point now, actions& out) {
  if (now < next_dial_) return;
  next_dial_ = never;
  for (auto& [id, node] : nodes_) {
    if (node.link != link_state::broken) continue;
    if (node.dial_at <= now) {
      set_link(node, link_state::idle);
      node.dial_at = never;
      if (is_needed(node, now)) want(node, out);
    } else {
      next_dial_ = std::min(next_dial_, node.dial_at);
    }
  }
}

}  // namespace troupe::routing
