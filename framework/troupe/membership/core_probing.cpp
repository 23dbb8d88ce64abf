// Who is still there: one peer a period is pinged, directly, then through others. Lifeguard's health.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// Pings in others' places that may be open at once; more are ignored, and the requester asks somebody else.
constexpr std::size_t relays_max = 1024;

/// Mismatches of the digest in a row before a stream is worth it: news under way explains one or two.
constexpr int mismatches_wanted = 3;

}  // namespace

void core::adjust_health(int by) { health_ = std::clamp(health_ + by, 0, settings_.health_max); }

void core::probe_next(time_point now, actions& out) {
  const auto period = settings_.probe_period * (1 + health_);
  next_probe_ = now + period;
  const auto live = [&](node_id who) {
    const auto found = members_.find(who);
    return found != members_.end() && is_live(found->second.state);
  };
  const auto who = rotation_.next(random_, live);
  if (!who) return;
  const auto& peer = members_.at(who);
  const auto timeout =
      links_[who].timing.timeout(settings_.probe_timeout_min, settings_.probe_timeout_max) * (1 + health_);
  probe_ = probe{peer.self, peer.address, next_sequence_++, now, now + timeout, now + period, {}, 0};
  packet ping = start(packet_kind::ping);
  ping.sequence = probe_->sequence;
  ping.target = peer.self;
  fill(ping, peer.self);
  ++counters_.pings;
  out.packets.push_back({peer.address, std::move(ping)});
}

void core::ask_helpers(time_point, actions& out) {
  probe_->indirect_at = never;
  const auto wanted = static_cast<std::size_t>(settings_.indirect_probes);
  probe_->helpers = pick_live(wanted, probe_->target.node);
  probe_->helpers_asked = probe_->helpers.size();
  for (const auto who : probe_->helpers) {
    const auto& helper = members_.at(who);
    packet request = start(packet_kind::ping_request);
    request.sequence = probe_->sequence;
    request.target = probe_->target;
    request.target_address = probe_->address;
    fill(request, helper.self);
    ++counters_.indirect;
    out.packets.push_back({helper.address, std::move(request)});
  }
}

void core::conclude_probe(time_point now, actions& out) {
  const probe failed = std::move(*probe_);
  probe_.reset();
  if (links_[failed.target.node].heard >= failed.started) {
    adjust_health(-1);
    return;
  }
  // A helper that sent neither answer nor nack points at this node's own network rather than the target's.
  adjust_health(failed.helpers_asked == 0 ? 1 : static_cast<int>(failed.helpers.size()));
  const auto found = members_.find(failed.target.node);
  if (found != members_.end() && found->second.self == failed.target) suspect(found->second, now, out);
}

void core::suspect(member& whom, time_point now, actions& out) {
  if (whom.state == state::suspect) {
    confirm(whom, self_, {channel::packet, retelling::announce, self().self, {}}, now);
    return;
  }
  if (whom.state != state::alive) return;
  ++counters_.suspicions;
  enter(whom, state::suspect, self_, now);
  out.events.push_back({event_kind::suspected, whom});
  announce(whom, urgency::failure, carry::version_only, now);
  push(now, out);
}

void core::bury_suspects(time_point now, actions& out) {
  std::vector<node_id> due;
  for (auto& [who, doubt] : suspicions_) {
    if (doubt.deadline() > now) continue;
    // Whoever answered a call a moment ago lives, whatever the packets say; its refutation is on the way.
    if (links_[who].heard > now - settings_.probe_period)
      doubt.postpone(settings_.probe_period);
    else
      due.push_back(who);
  }
  for (const auto who : due) {
    auto& gone = members_.at(who);
    ++counters_.deaths;
    enter(gone, state::dead, self_, now);
    out.events.push_back({event_kind::died, gone});
    announce(gone, urgency::failure, carry::version_only, now);
    warn(describe(gone, carry::version_only), out);
  }
  if (!due.empty()) push(now, out);
}

void core::nack_late_relays(time_point now, actions& out) {
  for (auto next = relays_.begin(); next != relays_.end();) {
    auto& asked = next->second;
    if (asked.nack_at <= now) {
      asked.nack_at = never;
      packet nack = start(packet_kind::nack);
      nack.sequence = asked.requester_sequence;
      nack.target = asked.target;
      fill(nack, asked.requester);
      out.packets.push_back({asked.requester_address, std::move(nack)});
    }
    next = asked.ends <= now ? relays_.erase(next) : std::next(next);
  }
}

void core::receive(const packet& what, endpoint from, time_point now, actions& out) {
  const bool asks_other = what.kind == packet_kind::ping && what.target != self().self;
  const auto reply_to = what.from_address && !what.from_address.is_unspecified() ? what.from_address : from;
  if (!running() || !what.from.node || !what.from.epoch || what.from == self().self) {
    ++counters_.ignored_packets;
    return;
  }
  if (what.from.node == self_ || (asks_other && what.target.node == self_)) {
    ++counters_.ignored_packets;
    answer_old_life(what, reply_to, out);
    if (what.from.node == self_ && what.from.epoch > self().self.epoch)
      stop("another process has started under the name '" + self().name + "' at " + to_string(reply_to) +
               "; this one is superseded and must stop",
           now, out);
    return;
  }
  if (asks_other) {
    ++counters_.ignored_packets;
    return;
  }
  const hearsay how{channel::packet, retelling::announce, what.from, reply_to};
  const auto mine = misjudges_self(what) ? introduction::needed : introduction::not_needed;
  for (const auto& fact : what.updates) {
    learn(fact, how, now, out);
    if (!running()) return;
  }
  switch (what.kind) {
    case packet_kind::ping:
      return receive_ping(what, reply_to, mine, out);
    case packet_kind::ping_request:
      receive_ping_request(what, reply_to, now, out);
      break;
    case packet_kind::ack:
      receive_ack(what, reply_to, now, out);
      break;
    case packet_kind::nack:
      receive_nack(what);
      break;
    case packet_kind::gossip:
      break;
  }
  if (mine == introduction::not_needed && !needs_note(what.from)) return;
  packet note = start(packet_kind::gossip);
  if (mine == introduction::needed) note.updates.push_back(describe(self(), carry::version_only));
  fill(note, what.from);
  out.packets.push_back({reply_to, std::move(note)});
}

void core::receive_ping(const packet& what, endpoint reply_to, introduction mine, actions& out) {
  packet ack = start(packet_kind::ack);
  ack.sequence = what.sequence;
  ack.target = self().self;
  if (mine == introduction::needed) ack.updates.push_back(describe(self(), carry::version_only));
  fill(ack, what.from);
  out.packets.push_back({reply_to, std::move(ack)});
}

void core::receive_ping_request(const packet& what, endpoint reply_to, time_point now, actions& out) {
  if (!what.target.node || what.target.node == self_ || !what.target_address ||
      what.target_address.is_unspecified() || relays_.size() >= relays_max) {
    ++counters_.ignored_packets;
    return;
  }
  // The requester waits for the rest of its period; the nack must reach it before the end.
  const auto patience = settings_.probe_period - settings_.probe_timeout_max;
  relays_[next_sequence_] = {
      what.target, what.from, reply_to, what.sequence, now + patience * 4 / 5, now + settings_.probe_period};
  packet ping = start(packet_kind::ping);
  ping.sequence = next_sequence_++;
  ping.target = what.target;
  fill(ping, what.target);
  out.packets.push_back({what.target_address, std::move(ping)});
}

void core::receive_ack(const packet& what, endpoint reply_to, time_point now, actions& out) {
  if (const auto asked = relays_.find(what.sequence);
      asked != relays_.end() && asked->second.target == what.from) {
    packet ack = start(packet_kind::ack);
    ack.sequence = asked->second.requester_sequence;
    ack.target = asked->second.target;
    fill(ack, asked->second.requester);
    out.packets.push_back({asked->second.requester_address, std::move(ack)});
    relays_.erase(asked);
    return;
  }
  if (!probe_ || probe_->sequence != what.sequence || probe_->target != what.target) return;
  ++counters_.acks;
  adjust_health(-1);
  if (what.from == probe_->target) {
    auto& measured = links_[what.from.node];
    measured.timing.observe(now - probe_->started);
    measured.heard = now;
    if (const auto found = members_.find(what.from.node); found != members_.end())
      found->second.round_trip = measured.timing.smoothed();
    compare_digest(what, reply_to, now, out);
  }
  probe_.reset();
}

void core::receive_nack(const packet& what) {
  if (probe_ && probe_->sequence == what.sequence && probe_->target == what.target)
    std::erase(probe_->helpers, what.from.node);
}

void core::compare_digest(const packet& what, endpoint reply_to, time_point now, actions& out) {
  if (what.digest == digest_) {
    mismatches_ = 0;
    looks_left_ = 0;
    return;
  }
  // With news still to be told, views differ for good reason.
  if (!news_.empty() || ++mismatches_ < mismatches_wanted) return;
  mismatches_ = 0;
  request_exchange(reply_to, now, out);
}

}  // namespace troupe::membership
