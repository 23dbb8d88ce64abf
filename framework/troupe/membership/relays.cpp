#include <algorithm>
#include <utility>

#include <troupe/membership/relays.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

void relays::accept(const packet& request, const endpoint& reply_to, const step& at) {
  const auto& target = request.target;
  if (!target.node || target.node == at.table.self_id() || !request.target_address ||
      request.target_address.is_unspecified()) {
    ++at.counted.ignored_packets;
    return;
  }
  if (open_.size() >= open_max) {
    ++at.counted.dropped_relays;
    return;
  }
  // The requester waits for the rest of its period; the nack must reach it before the end.
  const auto patience = at.settings.probe_period - at.settings.probe_timeout_max;
  const auto nack_at = at.settings.nacks ? at.now + patience * 4 / 5 : never;
  const auto ends = at.now + at.settings.probe_period;
  packet ping = at.start_ping(target);
  open_[ping.sequence] = {target, request.from, reply_to, request.sequence, nack_at, ends};
  alarms_.set_by(alarm::look, std::min(nack_at, ends));
  at.fill(ping, target);
  at.send(request.target_address, std::move(ping));
}

bool relays::pass_on(const packet& ack, const step& at) {
  const auto found = open_.find(ack.sequence);
  if (found == open_.end() || found->second.target != ack.from) return false;
  const auto& asked = found->second;
  packet answer = at.start(packet_kind::ack);
  answer.sequence = asked.requester_sequence;
  answer.target = asked.target;
  at.fill(answer, asked.requester);
  at.send(asked.requester_address, std::move(answer));
  open_.erase(found);
  return true;
}

void relays::tick(const step& at) {
  if (!alarms_.take(alarm::look, at.now)) return;
  for (auto next = open_.begin(); next != open_.end();) {
    auto& asked = next->second;
    if (asked.nack_at <= at.now) {
      asked.nack_at = never;
      packet nack = at.start(packet_kind::nack);
      nack.sequence = asked.requester_sequence;
      nack.target = asked.target;
      at.fill(nack, asked.requester);
      at.send(asked.requester_address, std::move(nack));
    }
    if (asked.ends <= at.now) {
      next = open_.erase(next);
      continue;
    }
    alarms_.set_by(alarm::look, std::min(asked.nack_at, asked.ends));
    ++next;
  }
}

}  // namespace troupe::membership
