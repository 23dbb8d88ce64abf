#include <utility>

#include <troupe/membership/step.hpp>
#include <troupe/membership/verdicts.hpp>

namespace troupe::membership {

namespace {

/// A node that has reached nobody for so long is not certain of anything.
constexpr int certain_for_periods = 3;

}  // namespace

trust verdicts::trust_of(const accusation& by, const options& settings) {
  return by.health <= settings.trusted_health_max ? trust::full : trust::doubtful;
}

bool verdicts::suspects_many(const step& at) const {
  return roll_call::is_called_for(open_.size(), at.table.live());
}

known_node& verdicts::enter(known_node& subject, state next, const accusation& by, const step& at) {
  const auto node = subject.self.node;
  const auto before = subject.state;
  auto& moved = at.table.set_state(subject, next, by, at.random, at.now);
  open_.close(node);
  if (next == state::suspect)
    open_.open(node, suspicion(by.accuser, trust_of(by, at.settings), bounds_of(at.settings, at.table.live()),
                               at.now));
  if (is_live(next) == is_live(before)) return moved;
  if (is_live(next)) {
    at.take_losses(node, {}, moved.who->lossy);
    return moved;
  }
  at.departed.note(node, next, at.now);
  at.reached.forget(node);
  at.take_losses(node, moved.who->lossy, {});
  return moved;
}

// --- Accusing --------------------------------------------------------------------------------------

void verdicts::suspect(known_node& subject, const isolation& cut_off, const step& at) {
  if (cut_off.holds() && at.now - cut_off.since() < bounds_of(at.settings, at.table.live()).longest) return;
  if (subject.state == state::suspect) {
    const provenance own{channel::packet, retelling::announce, at.table.own(), {}};
    return confirm(subject, {at.table.self_id(), at.health.told()}, own, at);
  }
  if (subject.state != state::alive) return;
  at.announce(accuse(subject, at), urgency::failure, carry::version_only);
  at.push();
}

known_node& verdicts::accuse(known_node& subject, const step& at) {
  ++at.counted.suspicions;
  auto& doubted = enter(subject, state::suspect, {at.table.self_id(), at.health.told()}, at);
  at.happened(event_kind::suspected, doubted);
  return doubted;
}

void verdicts::confirm(known_node& known, const accusation& by, const provenance& how, const step& at) {
  const auto who = known.self.node;
  TROUPE_INVARIANT(open_.find(who) != nullptr);
  if (!by.accuser) return;
  const auto word = trust_of(by, at.settings);
  if (word == trust::doubtful) ++at.counted.doubted_accusations;
  const bool lone = open_.find(who)->is_lone();
  const bool shortened = open_.confirm(who, by.accuser, word, at.now);
  // The second accuser is worth passing on, however unwell: without it nobody buries the suspect.
  const bool needed = lone && wants_two_words(at) && !open_.find(who)->is_lone();
  if (!shortened && !needed) return;
  auto& held = *at.table.find_accusation(who);
  held = {by.accuser, by.health, held.death_teller};
  if (how.then == retelling::announce) at.announce(known, urgency::failure, carry::version_only);
}

/// Whom this node suspects now hears of it before it is buried; the others need not, for they call the roll
/// themselves, and it is more than options::accusations_max lets one say. An isolated node has the call alone
/// to go by. Any other knows of those who are gone from others, too; whom nobody suspects it may reach
/// through helpers.
void verdicts::take_for_gone(const std::vector<identity>& silent, bool knows_nothing_else, const step& at) {
  for (const auto who : silent) {
    auto* const known = at.table.find(who.node);
    if (known == nullptr || known->self != who || !is_live(known->state)) continue;
    if (known->state == state::alive) {
      if (!knows_nothing_else) continue;
      accuse(*known, at);
    }
    open_.set_certain(who.node, true);
  }
}

void verdicts::withdraw(const step& at) {
  for (const auto who : open_.only_of(at.table.self_id())) {
    at.gossip.news().forget(who);
    at.happened(event_kind::refuted, enter(*at.table.find(who), state::alive, {}, at));
  }
}

// --- Burying ---------------------------------------------------------------------------------------

/// Whether a death takes a second accuser: with fewer others there may be none.
bool verdicts::wants_two_words(const step& at) {
  return at.settings.isolation_percent > 0 && at.table.live() > reach::targets_min;
}

/// Whether this node may trust itself with a death. Nobody is dead by the word of an isolated one alone.
bool verdicts::may_bury(const suspicion& doubt, const isolation& cut_off, const step& at) {
  if (cut_off.holds())
    return doubt.last_accused(at.table.self_id()) >= cut_off.since() ||
           at.now - cut_off.since() >= at.settings.dead_kept_for;
  // Of many who probe it only one has missed it: that one's packets get lost, or its refutations do.
  // Once it has asked about for as long again as it waited, and was answered, there is nobody left to ask.
  const bool asked =
      doubt.questions() * at.settings.probe_period >= bounds_of(at.settings, at.table.live()).longest &&
      at.reached.has_reached_since(doubt.started());
  return !(wants_two_words(at) && doubt.is_lone() && !doubt.is_certain() && !asked) &&
         !at.reached.is_cut_off_since(doubt.started(), at.settings.isolation_percent);
}

/// A verdict that this node may not give alone. The suspect may never have heard that it is one, which was
/// told and forgotten long ago; others may have buried or cleared it then.
void verdicts::ask_about(const known_node& suspect, const step& at) {
  open_.asked(suspect.self.node);
  at.warn(at.table.describe(suspect, carry::version_only), cargo::note);
  for (const auto other : at.pick_live(1, suspect.self.node))
    at.syncs.request(at.table.find(other)->who->address, at);
}

void verdicts::bury(known_node& subject, const step& at) {
  ++at.counted.deaths;
  const auto& gone = enter(subject, state::dead, {at.table.self_id(), at.health.told()}, at);
  at.happened(event_kind::died, gone);
  at.announce(gone, urgency::failure, carry::version_only);
  at.warn(at.table.describe(gone, carry::version_only), cargo::note);
}

/// What becomes of a suspect whose time is up. `asked`: how many were asked about in this turn.
verdicts::ruling verdicts::rule(node_id who, std::size_t& asked, const isolation& cut_off, const step& at) {
  const auto* contact = at.table.find_contact(who);
  // Whoever answered a call a moment ago lives, whatever the packets say; its refutation is on the way.
  if (contact != nullptr && contact->heard > at.now - at.settings.probe_period) return ruling::wait;
  if (open_.is_certain(who)) {
    // This node's network must be as sound as when it called the roll.
    if (!at.reached.has_reached_since(at.now - certain_for_periods * at.settings.probe_period)) {
      open_.set_certain(who, false);
    } else if (open_.find(who)->questions() == 0) {
      // Nobody else has told the suspect: it hears of it now, if it can. After a roll call there are many,
      // asked some a period: as many as a roll call asks in one.
      const auto periods =
          static_cast<std::size_t>(1 + at.settings.probe_period / at.settings.gossip_interval);
      return ++asked <= pings_at_once(at) * periods ? ruling::ask : ruling::wait;
    }
  }
  if (may_bury(*open_.find(who), cut_off, at)) return ruling::bury;
  ++at.counted.postponed_verdicts;
  return cut_off.holds() ? ruling::wait : ruling::ask;
}

std::vector<node_id> verdicts::tick(const isolation& cut_off, const step& at) {
  std::vector<node_id> buried;
  if (next_deadline(at.settings) > at.now) return buried;
  std::size_t asked = 0;
  for (const auto who : open_.due(at.now)) {
    const auto more = at.now - open_.find(who)->deadline() + at.settings.probe_period;
    const auto ruled = rule(who, asked, cut_off, at);
    if (ruled == ruling::bury) {
      bury(*at.table.find(who), at);
      buried.push_back(who);
      continue;
    }
    open_.postpone(who, more);
    if (ruled == ruling::ask) ask_about(*at.table.find(who), at);
  }
  if (!buried.empty()) at.push();
  return buried;
}

}  // namespace troupe::membership
