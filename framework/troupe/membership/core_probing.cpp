// Who is still there: one peer a period is pinged, directly, then through others. Lifeguard's health.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// Pings in others' places that may be open at once; more are ignored, and the requester asks somebody else.
constexpr std::size_t relays_max = 1024;

/// Where pings get lost often, three helpers lose theirs as well: whoever did not answer is pinged again,
/// this often a period, until its end.
constexpr int repeats_per_period = 5;

}  // namespace

void core::adjust_health(int by) { health_ = std::clamp(health_ + by, 0, settings_.health_max); }

void core::probe_next(time_point now, actions& out) {
  const auto period = settings_.probe_period * (1 + health_);
  next_probe_ = now + period;
  const auto* peer = next_target();
  if (peer == nullptr) return;
  const auto known_contact = contacts_.find(peer->self.node);
  const auto usual =
      known_contact == contacts_.end()
          ? settings_.probe_timeout_max
          : known_contact->second.timing.timeout(settings_.probe_timeout_min, settings_.probe_timeout_max);
  const auto timeout = usual * (1 + health_);
  probe_ = probe{.target = peer->self,
                 .address = peer->who->address,
                 .sequence = next_sequence_++,
                 .started = now,
                 .indirect_at = now + timeout,
                 .again_at = never,
                 .ends = now + period};
  ping_target(probe_->sequence, out);
}

/// Whose turn it is; before that a suspect that others should confirm, or clear, soon. Not whom a roll call
/// did not find: that nobody is cut off from those who are there must be seen as long as the others are not
/// buried.
const known_node* core::next_target() {
  const auto* suspect = roster_.find(std::exchange(summoned_to_, {}));
  if (suspect != nullptr && suspect->state == state::suspect) return suspect;
  const auto* turn = roster_.next(self_, random_);
  for (auto tries = roster_.live(); tries > 0 && turn != nullptr && is_certain(turn->self.node); --tries)
    turn = roster_.next(self_, random_);
  return turn;
}

void core::be_witness(node_id suspect) {
  const auto others = static_cast<double>(roster_.live() - 1);
  if (others * random_.unit() < settings_.suspicion_witnesses) summoned_to_ = suspect;
}

void core::ping_target(std::uint64_t sequence, actions& out) {
  packet ping = start(packet_kind::ping);
  ping.sequence = sequence;
  ping.target = probe_->target;
  fill(ping, probe_->target);
  ++counters_.pings;
  out.packets.push_back({probe_->address, std::move(ping)});
}

void core::ask_again(time_point now, actions& out) {
  probe_->again_at = now + (probe_->ends - probe_->started) / repeats_per_period;
  probe_->repeats.push_back(next_sequence_++);
  ping_target(probe_->repeats.back(), out);
}

void core::ask_helpers(time_point now, actions& out) {
  probe_->indirect_at = never;
  if (settings_.adapts_to_loss && reach_.loses_often()) ask_again(now, out);
  const auto wanted = static_cast<std::size_t>(settings_.indirect_probes);
  probe_->helpers = pick_live(wanted, probe_->target.node);
  probe_->helpers_asked = probe_->helpers.size();
  for (const auto who : probe_->helpers) {
    const auto& helper = *roster_.find(who);
    packet request = start(packet_kind::ping_request);
    request.sequence = probe_->sequence;
    request.target = probe_->target;
    request.target_address = probe_->address;
    fill(request, helper.self);
    ++counters_.indirect;
    out.packets.push_back({helper.who->address, std::move(request)});
  }
  if (!settings_.stream_pings) return;
  ++counters_.stream_pings;
  out.stream_pings.push_back({probe_->target, probe_->address, probe_->sequence});
}

void core::stream_answered(identity peer, time_point now, actions& out) {
  const auto* known = roster_.find(peer.node);
  if (!running() || known == nullptr || known->self != peer) return;
  contacts_[peer.node].heard = now;
  if (!probe_ || probe_->target != peer) return;
  ++counters_.stream_rescues;
  conclude(answer::rescued, now, out);
  release_events(now, out);
}

void core::conclude_probe(time_point now, actions& out) {
  const auto known_contact = contacts_.find(probe_->target.node);
  const bool heard = known_contact != contacts_.end() && known_contact->second.heard >= probe_->started;
  conclude(heard ? answer::rescued : answer::none, now, out);
}

/// The probe is over: what it says of the target, and of this node.
void core::conclude(answer how, time_point now, actions& out) {
  const probe ended = std::move(*probe_);
  probe_.reset();
  const auto node = ended.target.node;
  // That somebody is silent whom a roll call did not find says nothing new, and nothing of this node.
  if (is_certain(node)) {
    if (how == answer::none) return;
    open_suspicions_.set_certain(node, false);
  }
  reach_.note(node, how, now);
  watch_isolation(now, out);
  if (how == answer::none) {
    // A helper that sent neither answer nor nack points at this node's own network rather than the target's.
    const bool told = settings_.nacks && ended.helpers_asked > 0;
    adjust_health(told ? static_cast<int>(ended.helpers.size()) : 1);
    auto* const known = roster_.find(node);
    if (known != nullptr && known->self == ended.target) suspect(*known, now, out);
    return;
  }
  adjust_health(-1);
  if (settings_.degraded_observers == 0) return;
  if (reach_.loses_everywhere() || isolated()) {
    // It is this node's own network: it has nothing to say about the others'.
    losses_.clear();
    restate(now);
  } else if (how == answer::rescued) {
    watch(node, now);
  }
}

void core::nack_late_relays(time_point now, actions& out) {
  if (next_relay_ > now) return;
  next_relay_ = never;
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
    if (asked.ends <= now) {
      next = relays_.erase(next);
      continue;
    }
    next_relay_ = std::min({next_relay_, asked.nack_at, asked.ends});
    ++next;
  }
}

void core::receive(const packet& what, endpoint from, time_point now, actions& out) {
  take(what, from, now, out);
  release_events(now, out);
}

void core::take(const packet& what, endpoint from, time_point now, actions& out) {
  if (!running() && what.kind == packet_kind::ack) return receive_farewell_ack(what);
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
      stop("another process has started under the name '" + self().who->name + "' at " + to_string(reply_to) +
               "; this one is superseded and must stop",
           now, out);
    return;
  }
  if (asks_other) {
    ++counters_.ignored_packets;
    return;
  }
  note_contact(now);
  const provenance how{channel::packet, retelling::announce, what.from, reply_to};
  const auto mine = misjudges_self(what) ? introduction::needed : introduction::not_needed;
  for (const auto& fact : what.updates) {
    learn(fact, how, now, out);
    if (!running()) return;
  }
  switch (what.kind) {
    case packet_kind::ping:
      return receive_ping(what, reply_to, mine, now, out);
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

void core::receive_ping(const packet& what, endpoint reply_to, introduction mine, time_point now,
                        actions& out) {
  packet ack = start(packet_kind::ack);
  ack.sequence = what.sequence;
  ack.target = self().self;
  if (mine == introduction::needed) ack.updates.push_back(describe(self(), carry::version_only));
  fill(ack, what.from);
  // Its view differs from this one, so it may be news that it lacks: the latest goes along, told out or not.
  const auto taken = size_bound(ack);
  if (what.digest != 0 && what.digest != ack.digest && taken < settings_.packet_bytes_max)
    news_.retell(settings_.packet_bytes_max - taken, what.from.node, ack.updates);
  out.packets.push_back({reply_to, std::move(ack)});
  if (what.digest != 0) compare_digest(what, reply_to, now, out);
}

void core::receive_ping_request(const packet& what, endpoint reply_to, time_point now, actions& out) {
  if (!what.target.node || what.target.node == self_ || !what.target_address ||
      what.target_address.is_unspecified()) {
    ++counters_.ignored_packets;
    return;
  }
  if (relays_.size() >= relays_max) {
    ++counters_.dropped_relays;
    return;
  }
  // The requester waits for the rest of its period; the nack must reach it before the end.
  const auto patience = settings_.probe_period - settings_.probe_timeout_max;
  const auto nack_at = settings_.nacks ? now + patience * 4 / 5 : never;
  const auto ends = now + settings_.probe_period;
  relays_[next_sequence_] = {what.target, what.from, reply_to, what.sequence, nack_at, ends};
  next_relay_ = std::min({next_relay_, nack_at, ends});
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
  if (what.from == what.target && what.sequence < next_sequence_)
    roll_call_.answered(what.from, what.sequence);
  if (receive_watch_ack(what, now)) return;
  if (!probe_ || probe_->target != what.target) return;
  const bool first = probe_->sequence == what.sequence;
  const auto& repeats = probe_->repeats;
  if (!first && std::find(repeats.begin(), repeats.end(), what.sequence) == repeats.end()) return;
  ++counters_.acks;
  const bool itself = what.from == probe_->target;
  if (itself) {
    auto& measured = contacts_[what.from.node];
    if (first) measured.timing.observe(now - probe_->started);
    measured.heard = now;
    if (settings_.digests) compare_digest(what, reply_to, now, out);
  }
  conclude(itself && first ? answer::direct : answer::rescued, now, out);
}

void core::receive_nack(const packet& what) {
  if (probe_ && probe_->sequence == what.sequence && probe_->target == what.target)
    std::erase(probe_->helpers, what.from.node);
}

}  // namespace troupe::membership
