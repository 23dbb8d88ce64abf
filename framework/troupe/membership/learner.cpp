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

bool is_plausible(const update& fact, const options& settings) {
  return fact.subject.node && fact.subject.epoch && fact.incarnation <= incarnation_max && fact.who &&
         is_sensible(*fact.who) && fact.worker_lag <= worker_lag_max &&
         (!fact.document ||
          (is_sensible(*fact.document) && size_bound(*fact.document) <= settings.registration_bytes_max));
}

lesson learner::learn(const update& fact, const provenance& how, verdicts& judged, const step& at) {
  if (!is_plausible(fact, at.settings)) {
    ++at.counted.ignored_updates;
    return {};
  }
  if (fact.subject.node == at.table.self_id()) return learn_of_self(fact, at);
  auto* const known = at.table.find(fact.subject.node);
  if (known == nullptr) {
    learn_of_stranger(fact, how, at);
    return {};
  }
  if (is_rather_a_suspicion(*known, fact, how, at)) return suspect_the_dead(*known, fact, how, judged, at);
  const auto claimed = claim_of(fact);
  const auto held = claim_of(*known);
  if (supersedes(claimed, held)) {
    if (fact.state == state::suspect && fact.subject.epoch == known->self.epoch &&
        how.by == channel::packet && !judged.admits(fact.accuser, at.now)) {
      ++at.counted.limited_accusations;
      return {};
    }
    return replace(*known, fact, how, judged, at);
  }
  if (claimed == held && known->state == state::suspect)
    judged.confirm(*known, {fact.accuser, fact.accuser_health}, how, at);
  learn_document(*known, fact, how, at);
  return {};
}

// --- Of this node ----------------------------------------------------------------------------------

lesson learner::learn_of_self(const update& fact, const step& at) {
  const auto& mine = at.table.self();
  if (fact.subject.epoch > mine.self.epoch)
    return {.end = lesson::ending::superseded, .successor = fact.who->address};
  if (fact.subject.epoch < mine.self.epoch) {
    if (!at.gossip.news().contains(mine.self.node)) at.announce(mine, urgency::refutation, carry::document);
    return {};
  }
  if (fact.state == state::left) return {.end = lesson::ending::held_for_left};
  const bool accused = fact.state != state::alive && fact.incarnation >= mine.incarnation;
  if (accused) at.health.adjust(+1);
  if (accused || fact.incarnation > mine.incarnation) refute(fact.incarnation, at);
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

void learner::learn_of_stranger(const update& fact, const provenance& how, const step& at) {
  const auto node = fact.subject.node;
  if (at.table.buried().refuses(node, claim_of(fact))) return;
  // Whoever is only heard of as a suspect is as likely long gone, its tombstone overgrown. If not, it
  // refutes.
  if (fact.state == state::suspect) return;
  if (!is_live(fact.state)) {
    // Never met and gone already. Taking it in would start its time anew, and ghosts would go round.
    at.table.buried().bury(node, claim_of(fact));
    return;
  }
  if (!has_room_for(fact, at)) return;
  known_node newcomer;
  newcomer.self = fact.subject;
  newcomer.incarnation = static_cast<std::uint32_t>(fact.incarnation);
  newcomer.mode = fact.mode;
  newcomer.worker_lag = fact.worker_lag;
  newcomer.who = fact.who;
  newcomer.since = at.now;
  newcomer.degraded = at.table.is_degraded(node, at.settings.degraded_observers);
  auto& known = at.table.insert(std::move(newcomer), at.random);
  at.take_losses(node, {}, fact.who->lossy);
  adopt_document(known, fact, at);
  at.happened(event_kind::joined, known);
  if (how.then == retelling::announce) at.announce(known, urgency::join, carry::document);
  if (known.document_version() < fact.registration_version) at.syncs.request(how.address, at);
}

bool learner::has_room_for(const update& fact, const step& at) {
  const auto& all = at.table.everybody();
  if (all.size() >= at.settings.members_max) at.departed.make_room(at);
  if (all.size() < at.settings.members_max) return true;
  ++at.counted.dropped_members;
  if (!std::exchange(told_full_, true))
    at.note("'" + fact.who->name + "' and whoever comes after it is not seen: there are " +
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
bool learner::is_rather_a_suspicion(const known_node& known, const update& fact, const provenance& how,
                                    const step& at) const {
  if (fact.state != state::dead || fact.subject.epoch != known.self.epoch) return false;
  if (known.state == state::alive) return true;
  if (known.state != state::suspect) return false;
  const auto* held = at.table.find_accusation(known.self.node);
  const bool said_so = held != nullptr && held->death_teller == how.teller.node;
  const accusation by{fact.accuser, fact.accuser_health};
  return how.by == channel::stream || verdicts::trust_of(by, at.settings) == trust::doubtful || said_so;
}

lesson learner::suspect_the_dead(known_node& known, const update& fact, const provenance& how,
                                 verdicts& judged, const step& at) {
  const bool first_word = known.state == state::alive;
  update doubt = fact;
  doubt.state = state::suspect;
  if (!doubt.accuser) doubt.accuser = how.teller.node;
  // Whoever holds it dead is one more who says so, if not of its own: nobody dies by one word.
  if (how.by == channel::stream && !first_word && fact.incarnation == known.incarnation)
    judged.confirm_by_death(known.self.node, how.teller.node, at.now);
  const auto taught = learn(doubt, how, judged, at);
  if (auto* const begun = at.table.find_accusation(fact.subject.node); first_word && begun != nullptr)
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

  bool is_newly_suspect(const update& fact) const {
    return fact.state == state::suspect && before != state::suspect;
  }
  bool is_return(const update& fact) const {
    return fact.state == state::alive && !new_life && before != state::alive;
  }
  urgency how_urgent(const known_node& known, const update& fact) const {
    if (is_return(fact)) return urgency::refutation;
    if (fact.state != state::alive) return urgency::failure;
    if (new_life || moved || known.document_version() == 0) return urgency::join;
    return learned ? urgency::registration : urgency::load;
  }
};

lesson learner::replace(known_node& held, const update& fact, const provenance& how, verdicts& judged,
                        const step& at) {
  const auto node = held.self.node;
  const bool new_life = fact.subject.epoch != held.self.epoch;
  const bool was_live = is_live(held.state);
  const bool moved = new_life || held.mode != fact.mode || held.who->address != fact.who->address;
  transition from{.new_life = new_life,
                  .before = new_life ? state::left : held.state,
                  .moved = moved,
                  .changed = moved || held.worker_lag != fact.worker_lag};
  const auto* doubt = judged.open().find(node);
  const bool refutes_me =
      fact.state == state::alive && !new_life && doubt != nullptr && doubt->is_first_of(at.table.self_id());
  overwrite(held, fact, at);
  auto& known = judged.enter(held, fact.state, {fact.accuser, fact.accuser_health}, at);
  from.learned = is_live(fact.state) && adopt_document(known, fact, at);

  lesson taught;
  if (refutes_me && at.random.unit() < refuted_who_watch) taught.unjust = node;
  if (how.then == retelling::announce)
    at.announce(known, from.how_urgent(known, fact),
                new_life || from.learned ? carry::document : carry::version_only);
  report(known, fact, from, at);
  if (from.is_newly_suspect(fact) && how.by == channel::packet) taught.suspected = node;
  if (was_live && !is_live(fact.state)) taught.gone = node;

  // Who was dead and now speaks for itself was on the other side of a cut, and knows what happened there.
  const bool healed = from.is_return(fact) && from.before == state::dead && how.teller == fact.subject;
  const bool lacks = is_live(fact.state) && known.document_version() < fact.registration_version;
  if (healed || lacks) at.syncs.request(how.address, at);
  return taught;
}

void learner::overwrite(known_node& held, const update& fact, const step& at) {
  const auto before = held.who;
  const bool new_life = fact.subject.epoch != held.self.epoch;
  if (new_life) at.table.forget_contact(held.self.node);
  at.table.amend(held, [&](known_node& next) {
    if (new_life) next.document.reset();
    next.self = fact.subject;
    next.incarnation = static_cast<std::uint32_t>(fact.incarnation);
    next.mode = fact.mode;
    next.worker_lag = fact.worker_lag;
    next.who = fact.who;
  });
  // Whoever enters or ends with this takes its reports along; who stays live may say something new.
  if (is_live(held.state) && before->lossy != fact.who->lossy)
    at.take_losses(fact.subject.node, before->lossy, fact.who->lossy);
}

void learner::report(const known_node& known, const update& fact, const transition& from, const step& at) {
  if (from.new_life && is_live(fact.state)) at.happened(event_kind::joined, known);
  if (from.is_newly_suspect(fact)) at.happened(event_kind::suspected, known);
  if (fact.state == state::dead) at.happened(event_kind::died, known);
  if (fact.state == state::left) at.happened(event_kind::left, known);
  if (from.is_return(fact)) at.happened(event_kind::refuted, known);
  if (!from.new_life && from.before == fact.state && (from.changed || from.learned))
    at.happened(event_kind::changed, known);
}

// --- Documents -------------------------------------------------------------------------------------

void learner::learn_document(known_node& known, const update& fact, const provenance& how, const step& at) {
  if (fact.subject != known.self || !is_live(known.state) || !is_live(fact.state)) return;
  if (adopt_document(known, fact, at)) {
    at.happened(event_kind::changed, known);
    if (how.then == retelling::announce) at.announce(known, urgency::registration, carry::document);
  } else if (known.document_version() < fact.registration_version) {
    at.syncs.request(how.address, at);
  }
}

bool learner::adopt_document(known_node& known, const update& fact, const step& at) {
  if (!fact.document || fact.document->version <= known.document_version()) return false;
  at.table.amend(known, [&](known_node& next) { next.document = fact.document; });
  return true;
}

}  // namespace troupe::membership
