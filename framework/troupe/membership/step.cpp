#include <utility>

#include <troupe/membership/step.hpp>

namespace troupe::membership {

std::vector<node_id> step::pick_live(std::size_t count, node_id except) const {
  return table.everybody().pick(count, random, [&](const known_node& one) {
    return one.self.node != except && one.self.node != table.self_id();
  });
}

packet step::start(packet_kind kind) const {
  const auto& mine = table.self();
  packet begun;
  begun.kind = kind;
  begun.from = table.own();
  begun.from_address = mine.who->address;
  const bool compared = kind == packet_kind::ack || (kind == packet_kind::ping && settings.digests);
  begun.digest = compared ? table.sums().total() : 0;
  return begun;
}

packet step::start_ping(const identity& target) const {
  packet ping = start(packet_kind::ping);
  ping.sequence = next_sequence++;
  ping.target = target;
  return ping;
}

bool step::needs_note(const identity& receiver) const {
  const auto* known = table.find(receiver.node);
  if (known == nullptr || receiver.node == table.self_id()) return false;
  if (known->self.epoch != receiver.epoch) return known->self.epoch > receiver.epoch;
  return (settings.buddies && known->state == state::suspect) || known->state == state::dead;
}

void step::fill(packet& into, const identity& receiver) const {
  fill(into, receiver, settings.packet_bytes_max);
}

void step::fill(packet& into, const identity& receiver, std::size_t bytes_max) const {
  into.receiver = receiver;
  const bool has_note = !into.updates.empty() && into.updates.front().subject.node == receiver.node;
  if (!has_note && needs_note(receiver))
    into.updates.insert(into.updates.begin(),
                        table.describe(*table.find(receiver.node), carry::version_only));
  const auto taken = size_bound(into);
  if (taken < bytes_max) gossip.news().take(bytes_max - taken, receiver.node, into.updates);
}

void step::warn(update belief, cargo with) const {
  packet ping = start_ping(belief.subject);
  const auto where = belief.who->address;
  ping.updates.push_back(std::move(belief));
  fill(ping, ping.target, with == cargo::news ? settings.packet_bytes_max : 0);
  ++counted.pings;
  send(where, std::move(ping));
}

void step::announce(const known_node& subject, urgency how_urgent, carry carried) const {
  gossip.announce(table.describe(subject, carried), how_urgent, *this);
}

/// Whoever sees a member, or what it serves, may call it at once: the router must not be the last to know.
void step::happened(event_kind kind, const known_node& subject) const {
  const bool at_once =
      kind == event_kind::joined || kind == event_kind::changed || subject.self.node == table.self_id();
  events.note({kind, table.whole(subject)}, at_once ? pressing::yes : pressing::no, settings);
}

void step::take_losses(node_id observer, const std::vector<node_id>& before,
                       const std::vector<node_id>& after) const {
  for (const auto who : table.report_losses(observer, before, after, settings.degraded_observers))
    happened(event_kind::changed, *table.find(who));
}

void step::forget(node_id who) const {
  happened(event_kind::forgotten, *table.find(who));
  gossip.news().forget(who);
  table.forget(who);
}

}  // namespace troupe::membership
