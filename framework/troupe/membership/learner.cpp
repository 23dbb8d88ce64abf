#include <string>
#include <utility>

#include <troupe/membership/learner.hpp>
#include <troupe/membership/order.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

/// Nobody changes this often, not in 68 years: beyond it lies only what would make the counter wrap.
constexpr std::uint64_t incarnation_max = std::uint64_t{1} << 31;

/// Of those whose suspicion is refuted, so many look closer: packets to or from the suspect got lost, but
/// more often it stood still for a while.
constexpr double refuted_who_watch = .4;

}  // namespace

bool is_plausible(const update& what, const options& settings) {
  return what.subject.node && what.subject.epoch && what.incarnation <= incarnation_max && what.who &&
         is_sensible(*what.who) && what.worker_lag <= worker_lag_max &&
         (!what.document ||
          (is_sensible(*what.document) && size_bound(*what.document) <= settings.registration_bytes_max));
}

lesson learner::learn(const update& what, const provenance& how, verdicts& judged, const step& at) {
  if (!is_plausible(what, at.settings)) {
    ++at.counted.ignored_updates;
    return {};
  }
  if (what.subject.node == at.table.self_id()) return learn_of_self(what, at);
  auto* const known = at.table.find(what.subject.node);
  if (known == nullptr) {
    learn_of_stranger(what, how, at);
    return {};
  }
  if (is_rather_a_suspicion(*known, what, how, at)) return suspect_the_dead(*known, what, how, judged, at);
  const auto claimed = claim_of(what);
  const auto held = claim_of(*known);
  if (supersedes(claimed, held)) {
    if (what.state == state::suspect && what.subject.epoch == known->self.epoch &&
        how.by == channel::packet && !judged.admits(what.accuser, at.now)) {
      ++at.counted.limited_accusations;
      return {};
    }
    return replace(*known, what, how, judged, at);
  }
  if (claimed == held && known->state == state::suspect)
    judged.confirm(*known, {what.accuser, what.accuser_health}, how, at);
  learn_document(*known, what, how, at);
  return {};
}

// --- Of this node ----------------------------------------------------------------------------------

lesson learner::learn_of_self(const update& what, const step& at) {
  const auto& mine = at.table.self();
  if (what.subject.epoch > mine.self.epoch)
    return {.end = lesson::ending::superseded, .successor = what.who->address};
  if (what.subject.epoch < mine.self.epoch) {
    if (!at.gossip.news().contains(mine.self.node)) at.announce(mine, urgency::refutation, carry::document);
    return {};
  }
  if (what.state == state::left) return {.end = lesson::ending::held_for_left};
  const bool accused = what.state != state::alive && what.incarnation >= mine.incarnation;
  if (accused) at.health.adjust(+1);
  if (accused || what.incarnation > mine.incarnation) refute(what.incarnation, at);
  return {};
}

void learner::refute(std::uint64_t incarnation, const step& at) {
  ++at.counted.refutations;
  auto& mine = at.table.self();
  at.table.amend(mine,
                 [&](known_node& next) { next.incarnation = static_cast<std::uint32_t>(incarnation + 1); });
  at.happened(event_kind::refuted, mine);
  at.announce(mine, urgency::refutation, carry::version_only);
  at.push();
}

// --- Of strangers ----------------------------------------------------------------------------------

void learner::learn_of_stranger(const update& what, const provenance& how, const step& at) {
  const auto node = what.subject.node;
  if (at.table.buried().refuses(node, claim_of(what))) return;
  // Whoever is only heard of as a suspect is as likely long gone, its tombstone overgrown. If not, it
  // refutes.
  if (what.state == state::suspect) return;
  if (!is_live(what.state)) {
    // Never met and gone already. Taking it in would start its time anew, and ghosts would go round.
    at.table.buried().bury(node, claim_of(what));
    return;
  }
  if (!has_room_for(what, at)) return;
  known_node newcomer;
  newcomer.self = what.subject;
  newcomer.incarnation = static_cast<std::uint32_t>(what.incarnation);
  newcomer.mode = what.mode;
  newcomer.worker_lag = what.worker_lag;
  newcomer.who = what.who;
  newcomer.since = at.now;
  newcomer.degraded = at.table.is_degraded(node, at.settings.degraded_observers);
  auto& known = at.table.insert(std::move(newcomer), at.random);
  at.take_losses(node, {}, what.who->lossy);
  adopt_document(known, what, at);
  at.happened(event_kind::joined, known);
  if (how.then == retelling::announce) at.announce(known, urgency::join, carry::document);
  if (known.document_version() < what.registration_version) at.syncs.request(how.address, at);
}

bool learner::has_room_for(const update& what, const step& at) {
  const auto& all = at.table.everybody();
  if (all.size() >= at.settings.members_max) at.departed.make_room(at);
  if (all.size() < at.settings.members_max) return true;
  ++at.counted.dropped_members;
  if (!std::exchange(told_full_, true))
    at.note("'" + what.who->name + "' and whoever comes after it is not seen: there are " +
            std::to_string(at.settings.members_max) + " members (membership.members_max)");
  return false;
}

/// Of somebody unknown only the tombstone is kept, so that old news of it is not believed.
lesson learner::learn_tombstone(const sync_digest& stone, const provenance& how, verdicts& judged,
                                const step& at) {
  const auto* known = at.table.find(stone.subject.node);
  if (!known) {
    at.table.buried().bury(stone.subject.node, claim_of(stone));
    return {};
  }
  // Dead in an incarnation whose attributes are not known here: it is told of whole, the next time.
  if (stone.state == state::dead && stone.subject.epoch == known->self.epoch &&
      stone.incarnation != known->incarnation)
    return {};
  auto news = at.table.describe(*known, carry::version_only);
  news.subject = stone.subject;
  news.incarnation = stone.incarnation;
  news.state = stone.state;
  news.accuser = stone.state == state::dead ? how.teller.node : node_id{};
  return learn(news, how, judged, at);
}

// --- Of a death ------------------------------------------------------------------------------------

/// A death without a suspicion before it is first a suspicion: its owner gets the chance to refute. Two
/// halves that meet again would else bury each other. A stream tells old news, so it never kills; nor does
/// one who is not well itself, nor the same packet once more.
bool learner::is_rather_a_suspicion(const known_node& known, const update& what, const provenance& how,
                                    const step& at) const {
  if (what.state != state::dead || what.subject.epoch != known.self.epoch) return false;
  if (known.state == state::alive) return true;
  if (known.state != state::suspect) return false;
  const auto* held = at.table.find_accusation(known.self.node);
  const bool said_so = held != nullptr && held->death_teller == how.teller.node;
  const accusation by{what.accuser, what.accuser_health};
  return how.by == channel::stream || verdicts::trust_of(by, at.settings) == trust::doubtful || said_so;
}

lesson learner::suspect_the_dead(known_node& known, const update& what, const provenance& how,
                                 verdicts& judged, const step& at) {
  const bool first_word = known.state == state::alive;
  update doubt = what;
  doubt.state = state::suspect;
  if (!doubt.accuser) doubt.accuser = how.teller.node;
  // Whoever holds it dead is one more who says so, if not of its own: nobody dies by one word.
  if (how.by == channel::stream && !first_word && what.incarnation == known.incarnation)
    judged.confirm_by_death(known.self.node, how.teller.node, at.now);
  const auto taught = learn(doubt, how, judged, at);
  if (auto* const begun = at.table.find_accusation(what.subject.node); first_word && begun != nullptr)
    begun->death_teller = how.teller.node;
  return taught;
}

// --- Of somebody known -----------------------------------------------------------------------------

/// What was held before.
struct learner::transition {
  bool new_life;
  state before;          // of the same life; left where it is a new one
  bool moved;            // something that callers must know at once
  bool changed;          // or that they should know
  bool learned = false;  // a document came along

  bool is_newly_suspect(const update& what) const {
    return what.state == state::suspect && before != state::suspect;
  }
  bool is_return(const update& what) const {
    return what.state == state::alive && !new_life && before != state::alive;
  }
  urgency how_urgent(const known_node& known, const update& what) const {
    if (is_return(what)) return urgency::refutation;
    if (what.state != state::alive) return urgency::failure;
    if (new_life || moved || known.document_version() == 0) return urgency::join;
    return learned ? urgency::registration : urgency::load;
  }
};

lesson learner::replace(known_node& held, const update& what, const provenance& how, verdicts& judged,
                        const step& at) {
  const auto node = held.self.node;
  const bool new_life = what.subject.epoch != held.self.epoch;
  const bool was_live = is_live(held.state);
  const bool moved = new_life || held.mode != what.mode || held.who->address != what.who->address;
  transition from{.new_life = new_life,
                  .before = new_life ? state::left : held.state,
                  .moved = moved,
                  .changed = moved || held.worker_lag != what.worker_lag};
  const auto* doubt = judged.open().find(node);
  const bool refutes_me =
      what.state == state::alive && !new_life && doubt != nullptr && doubt->is_first_of(at.table.self_id());
  overwrite(held, what, at);
  auto& known = judged.enter(held, what.state, {what.accuser, what.accuser_health}, at);
  from.learned = is_live(what.state) && adopt_document(known, what, at);

  lesson taught;
  if (refutes_me && at.random.unit() < refuted_who_watch) taught.unjust = node;
  if (how.then == retelling::announce)
    at.announce(known, from.how_urgent(known, what),
                new_life || from.learned ? carry::document : carry::version_only);
  report(known, what, from, at);
  if (from.is_newly_suspect(what) && how.by == channel::packet) taught.suspected = node;
  if (was_live && !is_live(what.state)) taught.gone = node;

  // Who was dead and now speaks for itself was on the other side of a cut, and knows what happened there.
  const bool healed = from.is_return(what) && from.before == state::dead && how.teller == what.subject;
  const bool lacks = is_live(what.state) && known.document_version() < what.registration_version;
  if (healed || lacks) at.syncs.request(how.address, at);
  return taught;
}

void learner::overwrite(known_node& held, const update& what, const step& at) {
  const auto before = held.who;
  const bool new_life = what.subject.epoch != held.self.epoch;
  if (new_life) at.table.forget_contact(held.self.node);
  at.table.amend(held, [&](known_node& next) {
    if (new_life) next.document.reset();
    next.self = what.subject;
    next.incarnation = static_cast<std::uint32_t>(what.incarnation);
    next.mode = what.mode;
    next.worker_lag = what.worker_lag;
    next.who = what.who;
  });
  // Whoever enters or ends with this takes its reports along; who stays live may say something new.
  if (is_live(held.state) && before->lossy != what.who->lossy)
    at.take_losses(what.subject.node, before->lossy, what.who->lossy);
}

void learner::report(const known_node& known, const update& what, const transition& from, const step& at) {
  if (from.new_life && is_live(what.state)) at.happened(event_kind::joined, known);
  if (from.is_newly_suspect(what)) at.happened(event_kind::suspected, known);
  if (what.state == state::dead) at.happened(event_kind::died, known);
  if (what.state == state::left) at.happened(event_kind::left, known);
  if (from.is_return(what)) at.happened(event_kind::refuted, known);
  if (!from.new_life && from.before == what.state && (from.changed || from.learned))
    at.happened(event_kind::changed, known);
}

// --- Documents -------------------------------------------------------------------------------------

void learner::learn_document(known_node& known, const update& what, const provenance& how, const step& at) {
  if (what.subject != known.self || !is_live(known.state) || !is_live(what.state)) return;
  if (adopt_document(known, what, at)) {
    at.happened(event_kind::changed, known);
    if (how.then == retelling::announce) at.announce(known, urgency::registration, carry::document);
  } else if (known.document_version() < what.registration_version) {
    at.syncs.request(how.address, at);
  }
}

bool learner::adopt_document(known_node& known, const update& what, const step& at) {
  if (!what.document || what.document->version <= known.document_version()) return false;
  at.table.amend(known, [&](known_node& next) { next.document = what.document; });
  return true;
}

}  // namespace troupe::membership
