// What others say, and what becomes of it. The order of claims is order.hpp's; here are its consequences.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// Nobody refutes this often: beyond it lies only what would make the counter wrap.
constexpr std::uint64_t incarnation_max = std::uint64_t{1} << 48;

/// Members that one merge may warn at once; the healing loop finds the others.
constexpr int warnings_max = 64;

standing standing_of(const member& known) { return {known.self.epoch, known.incarnation, known.state}; }
standing standing_of(const update& what) { return {what.subject.epoch, what.incarnation, what.state}; }

}  // namespace

bool core::is_plausible(const update& what) const {
  return what.subject.node && what.subject.epoch && what.incarnation <= incarnation_max &&
         !what.name.empty() && what.name.size() <= node_name_bytes_max && what.address &&
         !what.address.is_unspecified() &&
         (!what.document ||
          (is_sensible(*what.document) && size_bound(*what.document) <= settings_.registration_bytes_max));
}

void core::learn(const update& what, const hearsay& how, time_point now, actions& out) {
  if (!is_plausible(what)) {
    ++counters_.ignored_updates;
    return;
  }
  if (what.subject.node == self_) return learn_of_self(what, now, out);
  const auto found = members_.find(what.subject.node);
  if (found == members_.end()) return learn_of_stranger(what, how, now, out);
  member& known = found->second;

  // A death without a suspicion before it is first a suspicion: its owner gets the chance to refute. Two
  // halves that meet again would else bury each other. And a stream tells old news, so it never kills.
  if (what.state == state::dead && what.subject.epoch == known.self.epoch &&
      (known.state == state::alive || (known.state == state::suspect && how.by == channel::stream))) {
    update doubt = what;
    doubt.state = state::suspect;
    if (!doubt.accuser) doubt.accuser = how.teller.node;
    return learn(doubt, how, now, out);
  }
  const auto claimed = standing_of(what);
  if (supersedes(claimed, standing_of(known))) return replace(known, what, how, now, out);
  if (claimed == standing_of(known) && known.state == state::suspect) confirm(known, what.accuser, how, now);
  learn_document(known, what, how, now, out);
}

void core::learn_of_self(const update& what, time_point now, actions& out) {
  const auto& mine = self();
  if (what.subject.epoch > mine.self.epoch) {
    stop("another process has started under the name '" + mine.name + "' at " + to_string(what.address) +
             "; this one is superseded and must stop",
         now, out);
    return;
  }
  if (what.subject.epoch < mine.self.epoch) {
    if (!news_.contains(self_)) announce(mine, urgency::refutation, carry::document, now);
    return;
  }
  if (what.state == state::left) {
    stop("the cluster holds that this node has left, which is final; start it again", now, out);
    return;
  }
  const bool accused = what.state != state::alive && what.incarnation >= mine.incarnation;
  if (accused) adjust_health(+1);
  if (accused || what.incarnation > mine.incarnation) refute(what.incarnation, now, out);
}

void core::refute(std::uint64_t incarnation, time_point now, actions& out) {
  ++counters_.refutations;
  amend(me(), [&](member& mine) { mine.incarnation = incarnation + 1; });
  out.events.push_back({event_kind::refuted, self()});
  announce(self(), urgency::refutation, carry::version_only, now);
  push(now, out);
}

void core::learn_of_stranger(const update& what, const hearsay& how, time_point now, actions& out) {
  const auto node = what.subject.node;
  if (graveyard_.refuses(node, standing_of(what))) return;
  if (!is_live(what.state)) {
    // Never met and gone already. Taking it in would start its time anew, and ghosts would go round.
    graveyard_.bury(node, standing_of(what));
    return;
  }
  if (members_.size() >= settings_.members_max) make_room(out);
  if (members_.size() >= settings_.members_max) {
    ++counters_.dropped_members;
    if (!std::exchange(told_full_, true))
      out.notes.push_back("'" + what.name + "' and whoever comes after it is not seen: there are " +
                          std::to_string(settings_.members_max) + " members (membership.members_max)");
    return;
  }
  graveyard_.exhume(node);
  member newcomer;
  newcomer.self = what.subject;
  newcomer.incarnation = what.incarnation;
  newcomer.mode = what.mode;
  newcomer.name = what.name;
  newcomer.address = what.address;
  newcomer.since = now;
  auto& known = members_.emplace(node, std::move(newcomer)).first->second;
  ++live_;
  digest_ += digest_of(known);
  rotation_.insert(node, random_);
  adopt_document(known, what);
  out.events.push_back({event_kind::joined, known});
  if (what.state == state::suspect) {
    enter(known, state::suspect, what.accuser, now);
    out.events.push_back({event_kind::suspected, known});
  }
  if (how.then == retelling::announce)
    announce(known, what.state == state::suspect ? urgency::failure : urgency::join, carry::document, now);
  if (known.document.version < what.registration_version) request_exchange(how.address, now, out);
}

void core::replace(member& known, const update& what, const hearsay& how, time_point now, actions& out) {
  const bool new_life = what.subject.epoch != known.self.epoch;
  const auto before = new_life ? state::left : known.state;
  const bool moved = new_life || known.mode != what.mode || known.address != what.address;
  if (new_life) {
    links_.erase(known.self.node);
    amend(known, [](member& old) { old.document = {}; });
    known.round_trip = duration{0};
  }
  amend(known, [&](member& next) {
    next.self = what.subject;
    next.incarnation = what.incarnation;
    next.mode = what.mode;
    next.name = what.name;
    next.address = what.address;
  });
  const bool newly_suspect = what.state == state::suspect && before != state::suspect;
  enter(known, what.state, what.accuser, now);
  const bool learned = is_live(what.state) && adopt_document(known, what);

  const bool returned = what.state == state::alive && !new_life && before != state::alive;
  const auto how_urgent = returned                                           ? urgency::refutation
                          : what.state != state::alive                       ? urgency::failure
                          : new_life || moved || known.document.version == 0 ? urgency::join
                                                                             : urgency::registration;
  if (how.then == retelling::announce)
    announce(known, how_urgent, new_life || learned ? carry::document : carry::version_only, now);

  if (new_life && is_live(what.state)) out.events.push_back({event_kind::joined, known});
  if (newly_suspect) out.events.push_back({event_kind::suspected, known});
  if (what.state == state::dead) out.events.push_back({event_kind::died, known});
  if (what.state == state::left) out.events.push_back({event_kind::left, known});
  if (returned) out.events.push_back({event_kind::refuted, known});
  if (!new_life && before == what.state && (moved || learned))
    out.events.push_back({event_kind::changed, known});

  // Who was dead and now speaks for itself was on the other side of a cut, and knows what happened there.
  const bool healed = returned && before == state::dead && how.teller == what.subject;
  const bool lacks = is_live(what.state) && known.document.version < what.registration_version;
  if (healed || lacks) request_exchange(how.address, now, out);
}

void core::confirm(member& known, node_id accuser, const hearsay& how, time_point now) {
  const auto doubt = suspicions_.find(known.self.node);
  TROUPE_INVARIANT(doubt != suspicions_.end());
  if (!accuser || !doubt->second.confirm(accuser)) return;
  known.accuser = accuser;
  if (how.then == retelling::announce) announce(known, urgency::failure, carry::version_only, now);
}

void core::learn_document(member& known, const update& what, const hearsay& how, time_point now,
                          actions& out) {
  if (what.subject != known.self || !is_live(known.state) || !is_live(what.state)) return;
  if (adopt_document(known, what)) {
    out.events.push_back({event_kind::changed, known});
    if (how.then == retelling::announce) announce(known, urgency::registration, carry::document, now);
  } else if (known.document.version < what.registration_version) {
    request_exchange(how.address, now, out);
  }
}

bool core::adopt_document(member& known, const update& what) {
  if (!what.document || what.document->version <= known.document.version) return false;
  amend(known, [&](member& next) { next.document = *what.document; });
  return true;
}

/// After a merge: the other side holds some alive whom this one holds dead, or buried, at the same
/// incarnation. They can only be brought back by themselves, so they are told.
void core::contradict(const snapshot& what, actions& out) {
  int warned = 0;
  for (const auto& fact : what.members) {
    if (!is_live(fact.state) || fact.subject.node == self_ || !is_plausible(fact)) continue;
    const auto found = members_.find(fact.subject.node);
    const auto held = found != members_.end()
                          ? standing_of(found->second)
                          : graveyard_.find(fact.subject.node).value_or(standing_of(fact));
    if (held.epoch != fact.subject.epoch || held.state != state::dead) continue;
    if (++warned > warnings_max) return;
    update note = fact;
    note.incarnation = held.incarnation;
    note.state = state::dead;
    note.accuser = self_;
    note.document.reset();
    warn(std::move(note), out);
  }
}

/// All changes of state go through here: the count of the living, the rotation and the suspicions follow.
void core::enter(member& whom, membership::state state, node_id accuser, time_point now) {
  const auto node = whom.self.node;
  const bool was_live = is_live(whom.state);
  const bool stays = whom.state == state;
  amend(whom, [&](member& next) {
    next.state = state;
    next.accuser = state == state::suspect || state == state::dead ? accuser : node_id{};
    if (!stays) next.since = now;
  });
  if (is_live(state) && !was_live) {
    ++live_;
    rotation_.insert(node, random_);
  }
  if (!is_live(state) && was_live) --live_;
  suspicions_.erase(node);
  if (state == state::suspect)
    suspicions_.emplace(node, suspicion(accuser, bounds_of(settings_, live_), now));
  if (probe_ && probe_->target.node == node && !is_live(state)) probe_.reset();
}

}  // namespace troupe::membership
