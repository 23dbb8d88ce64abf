// Suspicions: who may raise one, who shortens it, when it becomes a death, and when it has to wait.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// A node that has reached nobody for so long is not certain of anything.
constexpr int certain_for_periods = 3;

}  // namespace

bool core::is_certain(node_id who) const {
  const auto* doubt = open_suspicions_.find(who);
  return doubt != nullptr && doubt->is_certain();
}

trust core::trust_of(const accusation& by) const {
  return by.health <= settings_.trusted_health_max ? trust::full : trust::doubtful;
}

void core::suspect(known_node& whom, time_point now, actions& out) {
  // Isolated, it accuses nobody for as long as its longest suspicion would last (isolation.hpp).
  if (isolated() && now - isolated_since_ < bounds_of(settings_, roster_.live()).longest) return;
  const accusation mine{self_, static_cast<std::uint8_t>(health_)};
  if (whom.state == state::suspect) {
    confirm(whom, mine, {channel::packet, retelling::announce, self().self, {}}, now);
    return;
  }
  if (whom.state != state::alive) return;
  announce(accuse(whom, now), urgency::failure, carry::version_only, now);
  push(now, out);
}

known_node& core::accuse(known_node& whom, time_point now) {
  ++counters_.suspicions;
  auto& doubted = enter(whom, state::suspect, {self_, static_cast<std::uint8_t>(health_)}, now);
  happened(event_kind::suspected, doubted);
  return doubted;
}

void core::confirm(known_node& known, accusation by, const provenance& how, time_point now) {
  TROUPE_INVARIANT(open_suspicions_.find(known.self.node) != nullptr);
  if (!by.accuser) return;
  if (trust_of(by) == trust::doubtful) ++counters_.doubted_accusations;
  const bool lone = open_suspicions_.find(known.self.node)->is_lone();
  const bool shortened = open_suspicions_.confirm(known.self.node, by.accuser, trust_of(by), now);
  // The second accuser is worth passing on, however unwell: without it nobody buries the suspect.
  const bool needed = lone && wants_two_words() && !open_suspicions_.find(known.self.node)->is_lone();
  if (!shortened && !needed) return;
  auto& held = accusations_[known.self.node];
  held = {by.accuser, by.health, held.death_teller};
  if (how.then == retelling::announce) announce(known, urgency::failure, carry::version_only, now);
}

/// Whether a death takes a second accuser: with fewer others there may be none.
bool core::wants_two_words() const {
  return settings_.isolation_percent > 0 && roster_.live() > reach::targets_min;
}

/// Whether this node may trust itself with a death. Nobody is dead by the word of an isolated one alone.
bool core::may_bury(node_id who, time_point now) const {
  const auto* doubt = open_suspicions_.find(who);
  if (!isolated()) {
    // Of many who probe it only one has missed it: that one's packets get lost, or its refutations do.
    // Once it has asked about for as long again as it waited, and was answered, there is nobody left to ask.
    const bool asked =
        doubt->questions() * settings_.probe_period >= bounds_of(settings_, roster_.live()).longest &&
        reach_.has_reached_since(doubt->started());
    return !(wants_two_words() && doubt->is_lone() && !doubt->is_certain() && !asked) &&
           !reach_.is_cut_off_since(doubt->started(), settings_.isolation_percent);
  }
  return doubt->last_accused(self_) >= isolated_since_ || now - isolated_since_ >= settings_.dead_kept_for;
}

/// A verdict that this node may not give alone. The suspect may never have heard that it is one, which was
/// told and forgotten long ago; others may have buried or cleared it then.
void core::ask_about(const known_node& suspect, time_point now, actions& out) {
  open_suspicions_.asked(suspect.self.node);
  warn(describe(suspect, carry::version_only), cargo::note, out);
  for (const auto other : pick_live(1, suspect.self.node))
    request_exchange(roster_.find(other)->who->address, now, out);
}

void core::bury_suspects(time_point now, actions& out) {
  if (open_suspicions_.gathered(settings_.verdict_wait) > now) return;
  bool buried = false;
  // As many as a roll call asks in a period.
  const auto asked_at_most =
      packets_at_once() * static_cast<std::size_t>(1 + settings_.probe_period / settings_.gossip_interval);
  std::size_t asked = 0;
  for (const auto who : open_suspicions_.due(now)) {
    const auto more = now - open_suspicions_.find(who)->deadline() + settings_.probe_period;
    const auto measured = contacts_.find(who);
    // Whoever answered a call a moment ago lives, whatever the packets say; its refutation is on the way.
    if (measured != contacts_.end() && measured->second.heard > now - settings_.probe_period) {
      open_suspicions_.postpone(who, more);
      continue;
    }
    if (is_certain(who)) {
      // This node's network must be as sound as when it called the roll.
      if (!reach_.has_reached_since(now - certain_for_periods * settings_.probe_period)) {
        open_suspicions_.set_certain(who, false);
      } else if (open_suspicions_.find(who)->questions() == 0) {
        // Nobody else has told the suspect: it hears of it now, if it can. After a roll call there are many,
        // asked some a period.
        open_suspicions_.postpone(who, more);
        if (++asked <= asked_at_most) ask_about(*roster_.find(who), now, out);
        continue;
      }
    }
    if (!may_bury(who, now)) {
      ++counters_.postponed_verdicts;
      open_suspicions_.postpone(who, more);
      if (!isolated()) ask_about(*roster_.find(who), now, out);
      continue;
    }
    ++counters_.deaths;
    const auto& gone =
        enter(*roster_.find(who), state::dead, {self_, static_cast<std::uint8_t>(health_)}, now);
    happened(event_kind::died, gone);
    announce(gone, urgency::failure, carry::version_only, now);
    warn(describe(gone, carry::version_only), cargo::note, out);
    buried = true;
  }
  if (buried) push(now, out);
}

/// All changes of state go through here: the rotation, the sums, the suspicions and the reports follow. Moves
/// the node known; what it gives back is where it is now.
known_node& core::enter(known_node& whom, membership::state state, accusation by, time_point now) {
  const auto node = whom.self.node;
  const auto before = whom.state;
  sums_.remove(digest_of(whom));
  auto& moved = roster_.set_state(node, state, random_);
  sums_.add(digest_of(moved));
  if (before != state) moved.since = now;
  open_suspicions_.close(node);
  accusations_.erase(node);
  if (state == state::suspect || state == state::dead) accusations_[node] = by;
  if (state == state::suspect)
    open_suspicions_.open(node,
                          suspicion(by.accuser, trust_of(by), bounds_of(settings_, roster_.live()), now));
  if (is_live(state) == is_live(before)) return moved;
  if (is_live(state)) {
    take_losses(node, {}, moved.who->lossy);
    return moved;
  }
  (state == state::dead ? dead_ : left_).emplace_back(now, node);
  losses_.forget(node);
  reach_.forget(node);
  take_losses(node, moved.who->lossy, {});
  if (probe_ && probe_->target.node == node) probe_.reset();
  return moved;
}

}  // namespace troupe::membership
