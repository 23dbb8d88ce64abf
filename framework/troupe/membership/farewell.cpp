#include <algorithm>
#include <utility>

#include <troupe/membership/farewell.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

bool contains(const std::vector<node_id>& all, node_id who) {
  return std::find(all.begin(), all.end(), who) != all.end();
}

}  // namespace

void farewell::begin(const step& at) {
  ends_ = at.now + at.settings.leave_limit;
  say(at);
}

/// To as many as have not acknowledged yet, others each time: some of them may be gone themselves.
void farewell::say(const step& at) {
  alarms_.clear(alarm::repeat);
  const auto wanted = static_cast<std::size_t>(at.settings.leave_fanout);
  if (at.now >= ends_ || acknowledged_.size() >= wanted) return;
  const auto told = at.table.everybody().pick(
      wanted - acknowledged_.size(), at.random,
      [&](const known_node& one) { return !contains(acknowledged_, one.self.node); });
  if (told.empty()) return;
  for (const auto who : told) {
    const auto& peer = *at.table.find(who);
    packet ping = at.start_ping(peer.self);
    asked_[ping.sequence] = who;
    ping.updates.push_back(at.table.describe(at.table.self(), carry::version_only));
    at.fill(ping, peer.self);
    at.send(peer.who->address, std::move(ping));
  }
  alarms_.set(alarm::repeat, std::min(at.now + at.settings.probe_timeout_max / 2, ends_));
}

void farewell::receive_ack(const packet& ack, const step& at) {
  const auto found = asked_.find(ack.sequence);
  if (found == asked_.end() || found->second != ack.from.node) return;
  asked_.erase(found);
  if (contains(acknowledged_, ack.from.node)) return;
  acknowledged_.push_back(ack.from.node);
  const auto wanted = std::min(static_cast<std::size_t>(at.settings.leave_fanout), at.table.live());
  if (acknowledged_.size() >= wanted) alarms_.clear(alarm::repeat);
}

void farewell::tick(const step& at) {
  if (alarms_.due(alarm::repeat, at.now)) say(at);
}

}  // namespace troupe::membership
