// What others say, and what becomes of it. The order of claims is order.hpp's; here are its consequences.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// Nobody changes this often, not in 68 years: beyond it lies only what would make the counter wrap.
constexpr std::uint64_t incarnation_max = std::uint64_t{1} << 31;

/// Of those whose suspicion is refuted, so many look closer: packets to or from the suspect got lost, but
/// more often it stood still for a while.
constexpr double refuted_who_watch = .4;

claim claim_of(const known_node& known) { return {known.self.epoch, known.incarnation, known.state}; }
claim claim_of(const update& what) { return {what.subject.epoch, what.incarnation, what.state}; }

}  // namespace

bool core::is_plausible(const update& what) const {
  return what.subject.node && what.subject.epoch && what.incarnation <= incarnation_max && what.who &&
         is_sensible(*what.who) && what.worker_lag <= worker_lag_max &&
         (!what.document ||
          (is_sensible(*what.document) && size_bound(*what.document) <= settings_.registration_bytes_max));
}

void core::learn(const update& what, const provenance& how, time_point now, actions& out) {
  if (!is_plausible(what)) {
    ++counters_.ignored_updates;
    return;
  }
  if (what.subject.node == self_) return learn_of_self(what, now, out);
  auto* const known = roster_.find(what.subject.node);
  if (known == nullptr) return learn_of_stranger(what, how, now, out);

  // A death without a suspicion before it is first a suspicion: its owner gets the chance to refute. Two
  // halves that meet again would else bury each other. A stream tells old news, so it never kills; nor does
  // one who is not well itself, nor the same packet once more.
  const accusation by{what.accuser, what.accuser_health};
  const auto held = accusations_.find(known->self.node);
  const bool said_so = held != accusations_.end() && held->second.death_teller == how.teller.node;
  const bool first_word = known->state == state::alive;
  if (what.state == state::dead && what.subject.epoch == known->self.epoch &&
      (first_word || (known->state == state::suspect &&
                      (how.by == channel::stream || trust_of(by) == trust::doubtful || said_so)))) {
    update doubt = what;
    doubt.state = state::suspect;
    if (!doubt.accuser) doubt.accuser = how.teller.node;
    // Whoever holds it dead is one more who says so, if not of its own: nobody dies by one word.
    if (how.by == channel::stream && known->state == state::suspect && what.incarnation == known->incarnation)
      open_suspicions_.confirm(known->self.node, how.teller.node, trust::doubtful, now);
    learn(doubt, how, now, out);
    if (const auto begun = accusations_.find(what.subject.node); first_word && begun != accusations_.end())
      begun->second.death_teller = how.teller.node;
    return;
  }
  const auto claimed = claim_of(what);
  if (supersedes(claimed, claim_of(*known))) {
    if (what.state == state::suspect && what.subject.epoch == known->self.epoch &&
        how.by == channel::packet && !accusation_limit_.admit(what.accuser, now)) {
      ++counters_.limited_accusations;
      return;
    }
    return replace(*known, what, how, now, out);
  }
  if (claimed == claim_of(*known) && known->state == state::suspect) confirm(*known, by, how, now);
  learn_document(*known, what, how, now, out);
}

void core::learn_of_self(const update& what, time_point now, actions& out) {
  const auto& mine = self();
  if (what.subject.epoch > mine.self.epoch) {
    stop("another process has started under the name '" + mine.who->name + "' at " +
             to_string(what.who->address) + "; this one is superseded and must stop",
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
  amend(me(), [&](known_node& mine) { mine.incarnation = static_cast<std::uint32_t>(incarnation + 1); });
  happened(event_kind::refuted, self());
  announce(self(), urgency::refutation, carry::version_only, now);
  push(now, out);
}

void core::learn_of_stranger(const update& what, const provenance& how, time_point now, actions& out) {
  const auto node = what.subject.node;
  if (tombstones_.refuses(node, claim_of(what))) return;
  // Whoever is only heard of as a suspect is as likely long gone, its tombstone overgrown. If not, it
  // refutes.
  if (what.state == state::suspect) return;
  if (!is_live(what.state)) {
    // Never met and gone already. Taking it in would start its time anew, and ghosts would go round.
    tombstones_.bury(node, claim_of(what));
    return;
  }
  if (roster_.size() >= settings_.members_max) make_room();
  if (roster_.size() >= settings_.members_max) {
    ++counters_.dropped_members;
    if (!std::exchange(told_full_, true))
      out.notes.push_back("'" + what.who->name + "' and whoever comes after it is not seen: there are " +
                          std::to_string(settings_.members_max) + " members (membership.members_max)");
    return;
  }
  tombstones_.remove(node);
  known_node newcomer;
  newcomer.self = what.subject;
  newcomer.incarnation = static_cast<std::uint32_t>(what.incarnation);
  newcomer.mode = what.mode;
  newcomer.worker_lag = what.worker_lag;
  newcomer.who = what.who;
  newcomer.since = now;
  newcomer.degraded =
      settings_.degraded_observers > 0 &&
      loss_reports_.observers_of(node).size() >= static_cast<std::size_t>(settings_.degraded_observers);
  auto& known = roster_.insert(std::move(newcomer), random_);
  sums_.add(digest_of(known));
  take_losses(node, {}, what.who->lossy);
  adopt_document(known, what);
  happened(event_kind::joined, known);
  if (how.then == retelling::announce) announce(known, urgency::join, carry::document, now);
  if (known.document_version() < what.registration_version) request_exchange(how.address, now, out);
}

void core::replace(known_node& held, const update& what, const provenance& how, time_point now,
                   actions& out) {
  const bool new_life = what.subject.epoch != held.self.epoch;
  const auto before = new_life ? state::left : held.state;
  const bool moved = new_life || held.mode != what.mode || held.who->address != what.who->address;
  const bool changed = moved || held.worker_lag != what.worker_lag;
  const bool was_live = is_live(held.state);
  const auto before_who = held.who;
  const auto* doubt = open_suspicions_.find(held.self.node);
  const bool refutes_me =
      what.state == state::alive && !new_life && doubt != nullptr && doubt->is_first_of(self_);
  if (new_life) contacts_.erase(held.self.node);
  amend(held, [&](known_node& next) {
    if (new_life) next.document.reset();
    next.self = what.subject;
    next.incarnation = static_cast<std::uint32_t>(what.incarnation);
    next.mode = what.mode;
    next.worker_lag = what.worker_lag;
    next.who = what.who;
  });
  // Whoever enters or ends with this takes its reports along; who stays live may say something new.
  if (was_live && before_who->lossy != what.who->lossy)
    take_losses(what.subject.node, before_who->lossy, what.who->lossy);
  const bool newly_suspect = what.state == state::suspect && before != state::suspect;
  auto& known = enter(held, what.state, {what.accuser, what.accuser_health}, now);
  const bool learned = is_live(what.state) && adopt_document(known, what);

  if (refutes_me && random_.unit() < refuted_who_watch) watch(known.self.node, now);
  const bool returned = what.state == state::alive && !new_life && before != state::alive;
  const auto how_urgent = returned                                             ? urgency::refutation
                          : what.state != state::alive                         ? urgency::failure
                          : new_life || moved || known.document_version() == 0 ? urgency::join
                          : learned                                            ? urgency::registration
                                                                               : urgency::load;
  if (how.then == retelling::announce)
    announce(known, how_urgent, new_life || learned ? carry::document : carry::version_only, now);

  if (new_life && is_live(what.state)) happened(event_kind::joined, known);
  if (newly_suspect) happened(event_kind::suspected, known);
  if (newly_suspect && how.by == channel::packet) be_witness(known.self.node);
  if (what.state == state::dead) happened(event_kind::died, known);
  if (what.state == state::left) happened(event_kind::left, known);
  if (returned) happened(event_kind::refuted, known);
  if (!new_life && before == what.state && (changed || learned)) happened(event_kind::changed, known);

  // Who was dead and now speaks for itself was on the other side of a cut, and knows what happened there.
  const bool healed = returned && before == state::dead && how.teller == what.subject;
  const bool lacks = is_live(what.state) && known.document_version() < what.registration_version;
  if (healed || lacks) request_exchange(how.address, now, out);
}

void core::learn_document(known_node& known, const update& what, const provenance& how, time_point now,
                          actions& out) {
  if (what.subject != known.self || !is_live(known.state) || !is_live(what.state)) return;
  if (adopt_document(known, what)) {
    happened(event_kind::changed, known);
    if (how.then == retelling::announce) announce(known, urgency::registration, carry::document, now);
  } else if (known.document_version() < what.registration_version) {
    request_exchange(how.address, now, out);
  }
}

bool core::adopt_document(known_node& known, const update& what) {
  if (!what.document || what.document->version <= known.document_version()) return false;
  amend(known, [&](known_node& next) { next.document = what.document; });
  return true;
}

}  // namespace troupe::membership
