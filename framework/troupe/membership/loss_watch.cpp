#include <algorithm>
#include <utility>

#include <troupe/membership/loss_watch.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

/// Closer looks a probe period, at each peer that is looked at.
constexpr int looks_per_period = 2;

}  // namespace

void loss_watch::watch(node_id who, const step& at) {
  const auto wanted = static_cast<std::size_t>(at.settings.degraded_observers);
  if (wanted == 0 || at.reached.loses_everywhere() || !at.reached.knows_usual_loss()) return;
  if (at.table.observers_of(who).size() <= wanted) meter_.watch(who, at.now);
}

bool loss_watch::tick(const step& at) {
  bool judged = false;
  while (!pings_.empty() && pings_.begin()->second.ends <= at.now) {
    meter_.note(pings_.begin()->second.target.node, false, at.reached.usual_loss());
    pings_.erase(pings_.begin());
    judged = true;
  }
  while (meter_.next() <= at.now) {
    const auto who = meter_.turn(at.now, at.settings.probe_period / looks_per_period);
    const auto* peer = at.table.find(who);
    if (peer == nullptr || !is_live(peer->state)) {
      meter_.forget(who);
      continue;
    }
    packet ping = at.start_ping(peer->self);
    pings_[ping.sequence] = {peer->self, at.now + at.settings.probe_timeout_max};
    ++at.counted.pings;
    at.fill(ping, peer->self);
    at.send(peer->who->address, std::move(ping));
  }
  return judged;
}

bool loss_watch::receive_ack(const packet& ack, const step& at) {
  const auto found = pings_.find(ack.sequence);
  if (found == pings_.end() || found->second.target != ack.from) return false;
  pings_.erase(found);
  ++at.counted.acks;
  at.table.heard_from(ack.from, at.now);
  meter_.note(ack.from.node, true, at.reached.usual_loss());
  return true;
}

time_point loss_watch::next_deadline() const {
  return pings_.empty() ? meter_.next() : std::min(meter_.next(), pings_.begin()->second.ends);
}

}  // namespace troupe::membership
