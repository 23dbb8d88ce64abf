// What comes in: packets, and the messages of syncs.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

// --- Packets ---------------------------------------------------------------------------------------

void core::receive(const packet& incoming, endpoint from, time_point now, actions& out) {
  const auto at = step_at(now, out);
  take(incoming, from, at);
  release_events(at);
}

void core::take(const packet& incoming, const endpoint& from, const step& at) {
  if (!table_.is_running() && incoming.kind == packet_kind::ack) return farewell_.receive_ack(incoming, at);
  const auto reply_to =
      incoming.from_address && !incoming.from_address.is_unspecified() ? incoming.from_address : from;
  if (!is_for_this_node(incoming, reply_to, at)) {
    ++counted_.ignored_packets;
    return;
  }
  note_contact(at);
  const bool misjudged = misjudges_this_node(incoming);
  const provenance how{channel::packet, retelling::announce, incoming.from, reply_to};
  for (const auto& fact : incoming.updates) {
    heed(learner_.learn(fact, how, verdicts_, at), at);
    if (!table_.is_running()) return;
  }
  switch (incoming.kind) {
    case packet_kind::ping:
      return receive_ping(incoming, reply_to, misjudged, at);
    case packet_kind::ping_request:
      relays_.accept(incoming, reply_to, at);
      break;
    case packet_kind::ack:
      receive_ack(incoming, reply_to, at);
      break;
    case packet_kind::nack:
      prober_.receive_nack(incoming);
      break;
    case packet_kind::gossip:
      break;
  }
  if (!misjudged && !at.needs_note(incoming.from)) return;
  packet note = at.start(packet_kind::gossip);
  if (misjudged) note.updates.push_back(table_.describe(self(), carry::version_only));
  at.fill(note, incoming.from);
  at.send(reply_to, std::move(note));
}

/// Somebody who speaks to an earlier life of this node, or is one, hears of the present one. A later life
/// ends this one.
bool core::is_for_this_node(const packet& incoming, const endpoint& reply_to, const step& at) {
  const auto& mine = table_.own();
  if (!table_.is_running() || !incoming.from.node || !incoming.from.epoch || incoming.from == mine)
    return false;
  const bool asks_other = incoming.kind == packet_kind::ping && incoming.target != mine;
  const bool from_other_life = incoming.from.node == mine.node;
  if (!from_other_life && !(asks_other && incoming.target.node == mine.node)) return !asks_other;
  const auto& named = from_other_life ? incoming.from : incoming.target;
  if (named.epoch < mine.epoch) {
    packet answer = at.start(packet_kind::gossip);
    answer.receiver = incoming.from;
    answer.updates.push_back(table_.describe(self(), carry::version_only));
    at.send(reply_to, std::move(answer));
  }
  if (from_other_life && incoming.from.epoch > mine.epoch) stop(superseded_by(reply_to), at);
  return false;
}

/// True when the sender holds this node for worse than alive, or for an earlier life: it must be told in
/// the answer, since two nodes that hold each other dead have no other way to hear of a refutation.
bool core::misjudges_this_node(const packet& incoming) const {
  const auto& mine = table_.own();
  return std::any_of(incoming.updates.begin(), incoming.updates.end(), [&](const update& fact) {
    return fact.subject.node == mine.node && (fact.state != state::alive || fact.subject.epoch < mine.epoch);
  });
}

void core::receive_ping(const packet& incoming, const endpoint& reply_to, bool misjudged, const step& at) {
  packet ack = at.start(packet_kind::ack);
  ack.sequence = incoming.sequence;
  ack.target = table_.own();
  if (misjudged) ack.updates.push_back(table_.describe(self(), carry::version_only));
  at.fill(ack, incoming.from);
  // Its view differs from this one, so it may be news that it lacks: the latest goes along, told out or not.
  const auto taken = size_bound(ack);
  if (incoming.digest != 0 && incoming.digest != ack.digest && taken < settings_.packet_bytes_max)
    gossip_.news().retell(settings_.packet_bytes_max - taken, incoming.from.node, ack.updates);
  at.send(reply_to, std::move(ack));
  if (incoming.digest != 0) syncs_.compare_digest(incoming.digest, reply_to, at);
}

void core::receive_ack(const packet& incoming, const endpoint& reply_to, const step& at) {
  if (relays_.pass_on(incoming, at)) return;
  const bool itself = incoming.from == incoming.target;
  if (itself && incoming.sequence < next_sequence_) isolation_.receive_ack(incoming.from, incoming.sequence);
  if (loss_watch_.receive_ack(incoming, at)) return restate(at);
  const auto ended = prober_.receive_ack(incoming, at);
  if (!ended) return;
  if (itself) syncs_.compare_digest(incoming.digest, reply_to, at);
  conclude(*ended, at);
}

void core::note_contact(const step& at) {
  if (isolation_.note_contact(at)) verdicts_.withdraw(at);
}

void core::heed(const lesson& taught, const step& at) {
  switch (taught.end) {
    case lesson::ending::none:
      break;
    case lesson::ending::superseded:
      return stop(superseded_by(taught.successor), at);
    case lesson::ending::held_for_left:
      return stop("the cluster holds that this node has left, which is final; start it again", at);
  }
  if (taught.unjust && !isolation_.holds()) loss_watch_.watch(taught.unjust, at);
  if (taught.suspected) prober_.be_witness(taught.suspected, at);
  if (taught.gone) {
    loss_watch_.forget(taught.gone);
    prober_.abandon(taught.gone);
  }
}

// --- Syncs -----------------------------------------------------------------------------------------

sync_session core::begin_sync(endpoint with, sync_message& opening) const {
  return sync_desk::begin(table_, settings_, with, opening);
}

sync_session core::serve_sync() const { return sync_desk::serve(table_, settings_); }

void core::end_sync(sync_session& session) {
  if (!desk_.end(session)) syncs_.failed();
}

void core::sync_failed() { syncs_.failed(); }

sync_message core::ask_presence(identity target) const {
  sync_message ping;
  ping.kind = sync_kind::ping;
  ping.from = table_.own();
  ping.target = target;
  return ping;
}

result<std::optional<sync_message>> core::receive_sync(sync_session& session, const sync_message& message,
                                                       time_point now, actions& out) {
  if (auto fine = session.admit(message); !fine) {
    ++counted_.broken_syncs;
    return fine.error();
  }
  const auto at = step_at(now, out);
  table_.heard_from(message.from, now);
  note_contact(at);
  if (message.kind == sync_kind::ping) return sync_desk::prove_presence(session, message, at);
  if (message.kind == sync_kind::busy) {
    session.refuse();
    seeds_.ask_elsewhere(message.others, at);
    return std::optional<sync_message>();
  }
  if (message.from == table_.own()) {
    seeds_.answered();
    return sync_desk::meet_oneself(session, at);
  }
  if (message.kind == sync_kind::open && !desk_.admit(session, at))
    return sync_desk::send_elsewhere(session, at);
  if (table_.is_running() && message.from.node) take_facts(session, message, at);
  release_events(at);
  if (!table_.is_running())
    return error{code::unavailable, "node " + self().who->name + " has left the cluster"};
  auto outcome = sync_desk::reply(session, message, at);
  for (const auto& gone : outcome.gone) heed(learner_.learn_tombstone(gone, {}, verdicts_, at), at);
  release_events(at);
  desk_.conclude(session, outcome, at);
  return std::move(outcome.answer);
}

void core::take_facts(sync_session& session, const sync_message& message, const step& at) {
  seeds_.answered();
  const bool was_alone = table_.is_alone();
  const auto how = sync_desk::provenance_of(session, message, at);
  std::vector<update> notes;
  for (const auto& fact : message.facts) {
    heed(learner_.learn(fact, how, verdicts_, at), at);
    if (!table_.is_running()) return;
    if (auto note = sync_desk::contradiction_of(fact, at)) notes.push_back(std::move(*note));
  }
  for (const auto& stone : message.tombstones) {
    heed(learner_.learn_tombstone(stone, how, verdicts_, at), at);
    if (!table_.is_running()) return;
  }
  sync_desk::contradict(session, std::move(notes), at);
  if (!was_alone || table_.is_alone()) return;
  at.announce(self(), urgency::join, carry::document);
  at.push();
  syncs_.look_often(at);
}

}  // namespace troupe::membership
