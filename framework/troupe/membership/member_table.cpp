#include <utility>

#include <troupe/membership/member_table.hpp>

namespace troupe::membership {

sync_digest digest_of(const known_node& known) {
  return {known.self, known.incarnation, known.document_version(), known.state};
}

known_node& member_table::insert(known_node newcomer, random_source& random) {
  tombstones_.remove(newcomer.self.node);
  auto& known = roster_.insert(std::move(newcomer), random);
  sums_.add(digest_of(known));
  return known;
}

known_node& member_table::set_state(known_node& known, membership::state next, const accusation& by,
                                    random_source& random, time_point now) {
  const auto who = known.self.node;
  const auto before = known.state;
  sums_.remove(digest_of(known));
  auto& moved = roster_.set_state(who, next, random);
  sums_.add(digest_of(moved));
  if (before != next) moved.since = now;
  if (who == self_.node) running_ = next != state::left;
  accusations_.erase(who);
  if (next == state::suspect || next == state::dead) accusations_[who] = by;
  return moved;
}

void member_table::forget(node_id who) {
  const auto& known = *roster_.find(who);
  tombstones_.bury(who, claim_of(known));
  contacts_.erase(who);
  accusations_.erase(who);
  roster_.erase(who);
}

accusation* member_table::find_accusation(node_id who) {
  const auto found = accusations_.find(who);
  return found == accusations_.end() ? nullptr : &found->second;
}

const accusation* member_table::find_accusation(node_id who) const {
  const auto found = accusations_.find(who);
  return found == accusations_.end() ? nullptr : &found->second;
}

std::vector<node_id> member_table::accused_by(node_id accuser) const {
  std::vector<node_id> all;
  for (const auto& [who, by] : accusations_)
    if (by.accuser == accuser) all.push_back(who);
  return all;
}

const contact* member_table::find_contact(node_id who) const {
  const auto found = contacts_.find(who);
  return found == contacts_.end() ? nullptr : &found->second;
}

void member_table::heard_from(const identity& peer, time_point now) {
  const auto* known = roster_.find(peer.node);
  if (known != nullptr && known->self == peer) contacts_[peer.node].heard = now;
}

std::vector<node_id> member_table::report_losses(node_id observer, const std::vector<node_id>& before,
                                                 const std::vector<node_id>& after, int observers_wanted) {
  if (observers_wanted == 0) return {};
  auto changed = loss_reports_.replace(observer, before, after);
  std::erase_if(changed, [&](node_id who) {
    auto* const known = roster_.find(who);
    if (known == nullptr) return true;
    const bool degraded = is_degraded(who, observers_wanted);
    if (std::exchange(known->degraded, degraded) == degraded) return true;
    return !is_live(known->state);
  });
  return changed;
}

bool member_table::is_degraded(node_id who, int observers_wanted) const {
  return observers_wanted > 0 &&
         loss_reports_.observers_of(who).size() >= static_cast<std::size_t>(observers_wanted);
}

update member_table::describe(const known_node& known, carry carried) const {
  update fact;
  fact.subject = known.self;
  fact.incarnation = known.incarnation;
  fact.state = known.state;
  fact.mode = known.mode;
  fact.worker_lag = known.worker_lag;
  fact.who = known.who;
  fact.registration_version = known.document_version();
  if (const auto* by = find_accusation(known.self.node)) {
    fact.accuser = by->accuser;
    fact.accuser_health = by->health;
  }
  if (carried == carry::document) fact.document = known.document;
  return fact;
}

member member_table::whole(const known_node& known) const {
  member all;
  all.self = known.self;
  all.incarnation = known.incarnation;
  all.state = known.state;
  all.mode = known.mode;
  all.name = known.who->name;
  all.address = known.who->address;
  if (known.document) all.document = *known.document;
  all.since = known.since;
  if (const auto* by = find_accusation(known.self.node)) all.accuser = by->accuser;
  if (const auto* measured = find_contact(known.self.node)) all.round_trip = measured->timing.smoothed();
  all.worker_lag = known.worker_lag;
  all.degraded = known.degraded;
  all.observers = observers_of(known.self.node);
  return all;
}

}  // namespace troupe::membership
