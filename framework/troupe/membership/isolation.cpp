#include <string>
#include <utility>

#include <troupe/membership/isolation.hpp>
#include <troupe/membership/step.hpp>
#include <troupe/membership/suspicion.hpp>

namespace troupe::membership {

std::size_t pings_at_once(const step& at) { return at.settings.gossip_bytes_max / packet_overhead_bytes; }

bool isolation::note_contact(const step& at) {
  const auto before = std::exchange(last_contact_, at.now);
  if (!holds()) return false;
  begin_roll_call(at);
  if (at.now < before + bounds_of(at.settings, at.table.live()).longest) return false;
  since_ = at.now;
  return true;
}

void isolation::begin_roll_call(const step& at) {
  if (at.settings.isolation_percent == 0 || roll_call_.open() || at.now < not_before_) return;
  not_before_ = at.now + bounds_of(at.settings, at.table.live()).longest;
  std::vector<identity> everybody;
  for (const auto& one : at.table.everybody())
    if (is_live(one.state) && one.self.node != at.table.self_id()) everybody.push_back(one.self);
  at.random.sample(everybody, everybody.size());
  roll_call_.begin(everybody, at.settings.probe_timeout_max, at.now);
}

bool isolation::count_first_answers(const step& at) const {
  if (!holds() || !roll_call_.judges_few()) return false;
  const auto there = roll_call_.answered_first();
  const auto wanted = static_cast<std::size_t>(at.settings.isolation_percent) * roll_call_.asked_first();
  if (100 * there.size() < wanted) return false;
  for (const auto who : there) at.reached.note(who, answer::direct, at.now);
  return true;
}

std::vector<identity> isolation::call_roll(bool needed, const step& at) {
  if (roll_call_.judges_few() && (roll_call_.is_needless() || !needed)) {
    not_before_ = at.now + bounds_of(at.settings, at.table.live()).shortest;
    roll_call_.close();
    return {};
  }
  for (const auto who :
       roll_call_.turn(pings_at_once(at), at.next_sequence, at.settings.gossip_interval, at.now)) {
    const auto* peer = at.table.find(who.node);
    if (peer == nullptr || peer->self != who || !is_live(peer->state)) continue;
    packet ping = at.start_ping(who);
    at.fill(ping, who, 0);
    ++at.counted.pings;
    at.send(peer->who->address, std::move(ping));
  }
  return roll_call_.over() ? conclude(at) : std::vector<identity>();
}

std::vector<identity> isolation::conclude(const step& at) {
  const auto call = std::exchange(roll_call_, {});
  // What it suspects now does not begin the next one.
  not_before_ = at.now + bounds_of(at.settings, at.table.live()).longest;
  auto silent = call.silent();
  if (!call.is_conclusive() || silent.empty()) return {};
  at.note(std::to_string(call.present()) + " nodes answer this one, and " + std::to_string(silent.size()) +
          " do not: those are gone, or cut off");
  return silent;
}

}  // namespace troupe::membership
