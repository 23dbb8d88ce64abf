// What goes into packets, and to whom.
#include <algorithm>
#include <cmath>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// News is told at most twice as often where it gets lost: beyond that a sync is cheaper.
constexpr double arrive_min = 0.5;

}  // namespace

update core::describe(const known_node& whom, carry what) const {
  update fact;
  fact.subject = whom.self;
  fact.incarnation = whom.incarnation;
  fact.state = whom.state;
  fact.mode = whom.mode;
  fact.worker_lag = whom.worker_lag;
  fact.who = whom.who;
  fact.registration_version = whom.document_version();
  if (const auto by = accusations_.find(whom.self.node); by != accusations_.end()) {
    fact.accuser = by->second.accuser;
    fact.accuser_health = by->second.health;
  }
  if (what == carry::document) fact.document = whom.document;
  return fact;
}

/// So many tellings that arrive: of pings both ways get lost, of news only its own.
int core::budget() const {
  const double tens = std::max(1.0, std::log10(static_cast<double>(roster_.live()) + 1));
  const double arrive = settings_.adapts_to_loss ? std::sqrt(1 - reach_.usual_loss()) : 1;
  return static_cast<int>(std::ceil(settings_.retransmit_multiplier * tens / std::max(arrive, arrive_min)));
}

/// Queues news. Out of quiet it leaves at once; amid other news it waits for its interval.
void core::announce(const known_node& whom, urgency how_urgent, carry what, time_point now) {
  if (superseded_) return;
  news_.announce(describe(whom, what), how_urgent, budget());
  if (next_gossip_ == never) next_gossip_ = std::max(now, last_gossip_ + settings_.gossip_interval);
}

/// A packet each to a few peers; false when there was nothing to tell them, or no bytes left for it.
bool core::tell_some(actions& out) {
  bool told = false;
  for (const auto who : pick_live(static_cast<std::size_t>(settings_.gossip_fanout), {})) {
    if (gossip_bytes_left_ < packet_overhead_bytes) break;
    const auto& peer = *roster_.find(who);
    packet gossip = start(packet_kind::gossip);
    fill(gossip, peer.self, std::min(settings_.packet_bytes_max, gossip_bytes_left_));
    if (gossip.updates.empty()) continue;
    gossip_bytes_left_ -= std::min(gossip_bytes_left_, size_bound(gossip));
    out.packets.push_back({peer.who->address, std::move(gossip)});
    told = true;
  }
  return told;
}

void core::push(time_point now, actions& out) {
  if (now >= next_allowance_) {
    gossip_bytes_left_ = settings_.gossip_bytes_max;
    next_allowance_ = now + settings_.gossip_interval;
  }
  last_gossip_ = now;
  // With nobody to tell, news gets old: an isolated node must not come back with its list of the dead.
  if (roster_.live() == (running() ? 1u : 0u)) news_.clear();
  // In a storm one packet to each does not hold all of it: more go out, as far as allowed, so that the most
  // urgent goes to as many at once as it would alone.
  const auto peers = std::min(static_cast<std::size_t>(settings_.gossip_fanout), roster_.live() - 1);
  while (tell_some(out) && news_.bytes() > settings_.packet_bytes_max &&
         news_.has_turn_before(static_cast<int>(peers)))
    continue;
  next_gossip_ = news_.empty() ? never : now + settings_.gossip_interval;
}

/// A ping out of turn whose first words are what is believed of its receiver. Nothing hangs on the answer. To
/// whoever is most likely gone no news is told: it would count as told.
void core::warn(update belief, cargo with, actions& out) {
  packet ping = start_ping(belief.subject);
  const auto where = belief.who->address;
  ping.updates.push_back(std::move(belief));
  fill(ping, ping.target, with == cargo::news ? settings_.packet_bytes_max : 0);
  ++counters_.pings;
  out.packets.push_back({where, std::move(ping)});
}

/// Somebody speaks to an earlier life of this node, or is one: it hears of the present one.
void core::answer_old_life(const packet& what, endpoint reply_to, actions& out) {
  const auto named = what.from.node == self_ ? what.from : what.target;
  if (named.epoch >= self().self.epoch) return;
  packet answer = start(packet_kind::gossip);
  answer.receiver = what.from;
  answer.updates.push_back(describe(self(), carry::version_only));
  out.packets.push_back({reply_to, std::move(answer)});
}

packet core::start(packet_kind kind) const {
  packet begun;
  begun.kind = kind;
  begun.from = self().self;
  begun.from_address = self().who->address;
  const bool compared = kind == packet_kind::ack || (kind == packet_kind::ping && settings_.digests);
  begun.digest = compared ? sums_.total() : 0;
  return begun;
}

/// One with a sequence of its own.
packet core::start_ping(identity target) {
  packet ping = start(packet_kind::ping);
  ping.sequence = next_sequence_++;
  ping.target = target;
  return ping;
}

/// True when this node believes something of `receiver` that the receiver must hear to set it right.
bool core::needs_note(identity receiver) const {
  const auto* known = roster_.find(receiver.node);
  if (known == nullptr || receiver.node == self_) return false;
  if (known->self.epoch != receiver.epoch) return known->self.epoch > receiver.epoch;
  return (settings_.buddies && known->state == state::suspect) || known->state == state::dead;
}

/// True when the sender holds this node for worse than alive, or for an earlier life: it must be told in
/// the answer, since two nodes that hold each other dead have no other way to hear of a refutation.
bool core::misjudges_self(const packet& what) const {
  return std::any_of(what.updates.begin(), what.updates.end(), [&](const update& fact) {
    return fact.subject.node == self_ &&
           (fact.state != state::alive || fact.subject.epoch < self().self.epoch);
  });
}

/// The buddy system: a suspect hears the suspicion first. Then the news, as much as fits.
void core::fill(packet& what, identity receiver) { fill(what, receiver, settings_.packet_bytes_max); }

void core::fill(packet& what, identity receiver, std::size_t bytes_max) {
  what.receiver = receiver;
  const bool has_note = !what.updates.empty() && what.updates.front().subject.node == receiver.node;
  if (!has_note && needs_note(receiver))
    what.updates.insert(what.updates.begin(), describe(*roster_.find(receiver.node), carry::version_only));
  const auto taken = size_bound(what);
  if (taken < bytes_max) news_.take(bytes_max - taken, receiver.node, what.updates);
}

std::vector<node_id> core::pick_live(std::size_t count, node_id except) {
  return roster_.pick(count, random_, [&](const known_node& one) {
    return one.self.node != except && one.self.node != self_;
  });
}

}  // namespace troupe::membership
