// What the owner does, and what time does.
#include <algorithm>
#include <string>
#include <utility>

#include <troupe/membership/core.hpp>
#include <troupe/membership/jitter.hpp>

namespace troupe::membership {

/// The random source is drawn from in the order of the fields.
core::core(const options& settings, identity self, std::string name, endpoint address, std::uint64_t seed,
           time_point now)
    : settings_(settings),
      random_(seed),
      next_sequence_(random_() >> 1),
      prober_(now + from_seconds(to_seconds(settings.probe_period) * random_.unit())),
      syncs_(now + jittered(settings.exchange_period, random_), now),
      seeds_(now + jittered(settings.probe_period, random_)),
      table_(self, settings.graves_max),
      departed_(now),
      health_(settings.health_max),
      gossip_(settings, now),
      events_(settings, now),
      verdicts_(settings),
      loss_watch_(settings.loss_percent),
      self_report_(settings, now),
      desk_(settings, now) {
  TROUPE_INVARIANT(settings.validate());
  TROUPE_INVARIANT(self.node && self.epoch);
  TROUPE_INVARIANT(!name.empty() && name.size() <= node_name_bytes_max);
  known_node mine;
  mine.self = self;
  mine.who = make_attributes(std::move(name), address);
  mine.since = now;
  table_.insert(std::move(mine), random_);
}

step core::step_at(time_point now, actions& out) {
  return {settings_, random_, table_,   departed_,      reach_, health_, gossip_,
          syncs_,    events_, counted_, next_sequence_, now,    out};
}

std::optional<member> core::find(node_id who) const {
  const auto* known = table_.find(who);
  if (known == nullptr) return std::nullopt;
  return table_.whole(*known);
}

counters core::counted() const {
  auto all = counted_;
  all.dropped_news = gossip_.news().dropped();
  return all;
}

// --- What the owner does ---------------------------------------------------------------------------

void core::join(std::vector<endpoint> seeds, time_point now, actions& out) {
  seeds_.join(std::move(seeds), step_at(now, out));
}

void core::publish(std::vector<service_entry> services, std::string zone, time_point now, actions& out) {
  if (!table_.is_running()) return;
  auto& mine = table_.self();
  registration next{mine.document_version() + 1, std::move(zone), std::move(services)};
  const registration nothing;
  const auto& before = mine.document ? *mine.document : nothing;
  if (next.services == before.services && next.zone == before.zone) return;
  if (!is_sensible(next) || size_bound(next) > settings_.registration_bytes_max) {
    out.notes.push_back("the registration is not published: it takes " + std::to_string(size_bound(next)) +
                        " of " + std::to_string(settings_.registration_bytes_max) +
                        " bytes (membership.registration_bytes_max), or a name or weight in it is out of "
                        "bounds (names 1 to 128 bytes, zone up to 64, weight 1 to 10,000)");
    return;
  }
  table_.amend(
      mine, [&](known_node& its) { its.document = std::make_shared<const registration>(std::move(next)); });
  const auto at = step_at(now, out);
  at.happened(event_kind::changed, mine);
  at.announce(mine, urgency::registration, carry::document);
  at.push();
  release_events(at);
}

void core::set_mode(membership::mode mode, time_point now, actions& out) {
  if (!table_.is_running() || self().mode == mode) return;
  auto& mine = table_.self();
  // The incarnation rises with every change of what it covers: equal incarnations mean equal attributes.
  table_.amend(mine, [&](known_node& its) {
    its.mode = mode;
    ++its.incarnation;
  });
  const auto at = step_at(now, out);
  at.happened(event_kind::changed, mine);
  at.announce(mine, urgency::join, carry::version_only);
  at.push();
  release_events(at);
}

void core::set_worker_lag(int level, time_point now, actions& out) {
  self_report_.set_worker_lag(level);
  const auto at = step_at(now, out);
  restate(at);
  release_events(at);
}

void core::heard_from(identity peer, time_point now) { table_.heard_from(peer, now); }

void core::stream_answered(identity peer, time_point now, actions& out) {
  const auto* known = table_.find(peer.node);
  if (!table_.is_running() || known == nullptr || known->self != peer) return;
  table_.heard_from(peer, now);
  const auto at = step_at(now, out);
  const auto ended = prober_.stream_answered(peer, at);
  if (!ended) return;
  conclude(*ended, at);
  release_events(at);
}

// --- Time ------------------------------------------------------------------------------------------

void core::tick(time_point now, actions& out) {
  const auto at = step_at(now, out);
  if (table_.is_running()) run(at);
  farewell_.tick(at);
  gossip_.tick(at);
  release_events(at);
}

void core::run(const step& at) {
  notice_stall(at);
  seeds_.tick(at);
  if (const auto ended = prober_.tick(at)) conclude(*ended, at);
  prober_.begin_next(verdicts_.open(), at);
  if (loss_watch_.tick(at)) restate(at);
  if (verdicts_.suspects_many(at) && !isolation_.holds()) isolation_.begin_roll_call(at);
  if (isolation_.roll_call_is_due(at.now)) call_roll(at);
  relays_.tick(at);
  for (const auto gone : verdicts_.tick(isolation_, at)) heed({.gone = gone}, at);
  syncs_.tick(at);
  seeds_.heal(isolation_.holds(), at);
  departed_.tick(at);
  if (self_report_.is_due(at.now)) restate(at);
}

time_point core::next_deadline() const {
  const auto next = std::min({gossip_.next_deadline(), events_.next_deadline(), farewell_.next_deadline()});
  if (!table_.is_running()) return next;
  return std::min({next, prober_.next_deadline(), syncs_.next_deadline(), seeds_.next_deadline(),
                   departed_.next_deadline(), relays_.next_deadline(), self_report_.next_deadline(),
                   loss_watch_.next_deadline(), isolation_.next_deadline(),
                   verdicts_.next_deadline(settings_)});
}

/// A process that was stopped, or starved, finds all its deadlines passed, and the answers unread in the
/// socket. It must not accuse anybody of its own absence: all verdicts are given the time that it missed.
void core::notice_stall(const step& at) {
  // Suspicions do not count here: a confirmation moves their end into the past.
  const auto due = std::min(
      {prober_.due_since(), syncs_.next_periodic(), seeds_.next_deadline(), departed_.next_deadline()});
  if (at.now - due <= settings_.probe_timeout_max) return;
  ++counted_.stalls;
  health_.adjust(+1);
  verdicts_.postpone_all(at.now - due);
  isolation_.close_roll_call();
  end_activities();
}

/// A probe is over: what it says of its target, and of this node.
void core::conclude(const probe_end& ended, const step& at) {
  const auto node = ended.target.node;
  // That somebody is silent whom a roll call did not find says nothing new, and nothing of this node.
  if (verdicts_.open().is_certain(node)) {
    if (ended.how == answer::none) return;
    verdicts_.doubt(node);
  }
  reach_.note(node, ended.how, at.now);
  judge_isolation(at);
  if (ended.how == answer::none) {
    // A helper that sent neither answer nor nack points at this node's own network rather than the target's.
    const bool told = settings_.nacks && ended.helpers_asked > 0;
    health_.adjust(told ? static_cast<int>(ended.helpers_silent) : 1);
    auto* const known = table_.find(node);
    if (known != nullptr && known->self == ended.target) verdicts_.suspect(*known, isolation_, at);
    return;
  }
  health_.adjust(-1);
  if (settings_.degraded_observers == 0) return;
  if (reach_.loses_everywhere() || isolation_.holds()) {
    loss_watch_.forget_all();
    restate(at);
  } else if (ended.how == answer::rescued) {
    loss_watch_.watch(node, at);
  }
}

// --- Isolation -------------------------------------------------------------------------------------

void core::judge_isolation(const step& at) {
  const bool cut_off = reach_.is_cut_off(settings_.isolation_percent);
  if (cut_off == isolation_.holds()) return;
  if (!cut_off) {
    verdicts_.withdraw(at);
    end_isolation(at);
    return at.note("this node reaches others again: it is not isolated any more");
  }
  ++counted_.isolations;
  isolation_.begin(at.now);
  verdicts_.doubt_all();
  loss_watch_.forget_all();
  restate(at);
  // Its own accusations are not to be the first that it says when the others hear it again.
  for (const auto who : table_.accused_by(table_.self_id())) gossip_.news().forget(who);
  at.note("this node reaches " + std::to_string(reach_.reached()) + " of the last " +
          std::to_string(reach_.targets()) +
          " nodes that it probed: it takes itself for isolated, and nobody for dead");
}

void core::end_isolation(const step& at) {
  isolation_.end();
  // What others suspect, too, has waited; its subjects get the whole time to be heard.
  verdicts_.restart_all(at.now);
  prober_.abandon();  // begun in isolation, it says nothing of its target
  prober_.begin_by(at.now + settings_.probe_period);
}

void core::call_roll(const step& at) {
  if (isolation_.count_first_answers(at)) judge_isolation(at);
  const auto silent = isolation_.call_roll(isolation_.holds() || verdicts_.suspects_many(at), at);
  if (silent.empty()) return;
  const bool knows_nothing_else = isolation_.holds();
  if (knows_nothing_else) end_isolation(at);
  reach_.forget_targets();
  health_.recover();
  verdicts_.take_for_gone(silent, knows_nothing_else, at);
}

void core::release_events(const step& at) {
  if (table_.is_running())
    events_.release(settings_, verdicts_.open(), at.now, at.out.events);
  else
    events_.release_all(at.now, at.out.events);
}

// --- The end ---------------------------------------------------------------------------------------

void core::leave(time_point now, actions& out) {
  if (!table_.is_running()) return;
  const auto at = step_at(now, out);
  const auto& mine = verdicts_.enter(table_.self(), state::left, {}, at);
  end_activities();
  at.happened(event_kind::left, mine);
  at.announce(mine, urgency::refutation, carry::version_only);
  farewell_.begin(at);
  release_events(at);
}

bool core::leave_done() const { return !table_.is_running() && farewell_.is_over(); }

void core::stop(std::string why, const step& at) {
  const auto& mine = verdicts_.enter(table_.self(), state::left, {}, at);
  end_activities();
  gossip_.fall_silent();
  at.note(std::move(why));
  at.happened(event_kind::left, mine);
}

void core::end_activities() {
  prober_.abandon();
  loss_watch_.abandon_pings();
  relays_.clear();
}

std::string core::superseded_by(const endpoint& successor) const {
  return "another process has started under the name '" + self().who->name + "' at " + to_string(successor) +
         "; this one is superseded and must stop";
}

}  // namespace troupe::membership
