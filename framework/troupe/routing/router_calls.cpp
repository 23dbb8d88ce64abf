// The life of one call, from `begin` to its one `finish`.
#include <algorithm>

#include <troupe/retry/backoff.hpp>
#include <troupe/routing/router.hpp>

namespace troupe::routing {

namespace {

/// How an answer of the replica's reflects on it. What an application declines on purpose is no illness.
balance::outcome outcome_of(const answer& what) {
  if (what.fate == retry::fate::bounced) return balance::outcome::bounced;
  const bool executed = what.fate == retry::fate::answered;
  switch (what.code) {
    case code::unknown:
    case code::internal:
    case code::unavailable:
    case code::data_loss:
      return balance::outcome::failure;
    case code::resource_exhausted:
    case code::deadline_exceeded:
      return executed ? balance::outcome::success : balance::outcome::overloaded;
    case code::ok:
    case code::cancelled:
    case code::invalid_argument:
    case code::not_found:
    case code::already_exists:
    case code::permission_denied:
    case code::failed_precondition:
    case code::aborted:
    case code::out_of_range:
    case code::unimplemented:
    case code::unauthenticated:
      break;
  }
  return executed ? balance::outcome::success : balance::outcome::failure;
}

/// A refusal for the replica's own state, not for load: it is starting, restarting, draining, or on its way
/// out of membership. It took milliseconds, and says nothing about the next one.
bool will_be_back(const attempt_record& last) {
  return last.fate == retry::fate::refused && last.code == code::unavailable;
}

}  // namespace

// --- Beginning -----------------------------------------------------------------------------------------

call_id router::begin(const call_spec& spec, time_point now, actions& out) {
  TROUPE_INVARIANT(spec.service < services_.size());
  ++counted_.calls;
  call* it = calls_.acquire();
  if (it == nullptr) {
    ++counted_.failed;
    const call& refused = calls_.refuse();
    out.push_back(finish{refused.id, {}, too_many_calls()});
    return refused.id;
  }
  const call_id id = it->id;
  it->spec = spec;
  it->began = now;
  service_state& service = service_of(*it);
  ++service.parked;  // as every call is until its first attempt
  if (spec.only) {
    if (node* to = nodes_.find(spec.only)) reach_out(*to, now, out);
  } else if (service.used == service_state::use::not_yet) {
    use(spec.service, out);
  }
  if (!spec.only && service.throttle.refuses(spec.criticality, random_, now)) {
    ++counted_.throttled;
    conclude(*it, {}, throttled(*it), now, out);
    return id;
  }
  service.budget.earn(now);
  if (spec.hedge == rpc::hedging::on) service.hedges.earn(now);
  start(*it, now, out);
  return id;
}

void router::start(call& it, time_point now, actions& out) {
  if (now >= it.spec.deadline) return expire(it, now, out);
  if (awaits_owner(it, now, out)) {
    set_phase(it, phase::parked);
    it.wake = it.began + settings_.affinity_patience;
    return arm(it);
  }
  const auto picked = pick(it, balance::request::again::last_resort, now);
  if (picked) {
    launch(it, *picked, now, out);
  } else {
    park(it, now, out);
  }
}

// The key's owner may be a replica whose first link is still being made, in a router that has just started,
// or one beyond the aperture, to which there was no reason to make one.
bool router::awaits_owner(const call& it, time_point now, actions& out) {
  if (!it.spec.affinity || it.spec.only || !it.records.empty()) return false;
  if (now >= it.began + settings_.affinity_patience) return false;
  service_state& service = service_of(it);
  if (dialing_ == 0 && !service.windowed) return false;
  const auto home = service.replicas.home_of(*it.spec.affinity);
  if (!home) return false;
  node& owner = *nodes_.find(service.replicas.node_of(*home));
  if (service.windowed) reach_out(owner, now, out);
  return owner.link == link_state::dialing && owner.broken_why.empty();
}

router::launched router::try_fresh(call& it, time_point now, actions& out) {
  const auto picked = pick(it, balance::request::again::no, now);
  if (!picked) return launched::no;
  launch(it, *picked, now, out);
  return launched::yes;
}

std::optional<balance::choice> router::pick(const call& it, balance::request::again tried, time_point now) {
  service_state& service = service_of(it);
  std::array<balance::replica_index, call::attempts_recorded_max> before{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < it.states.size(); ++i) {
    const balance::choice& earlier = it.states[i].picked;
    // Where it bounced, nothing was tried: with what is known now, that may still be the best.
    if (it.records[i].fate == retry::fate::bounced) continue;
    if (service.replicas.life_of(earlier.replica) == earlier.life) before[count++] = earlier.replica;
  }
  balance::request what;
  what.group = balance::replica_set::group_of(it.spec.method);
  what.key = it.spec.affinity;
  what.only = it.spec.only;
  what.tried = {before.data(), count};
  what.tried_again = tried;
  return service.replicas.pick(*service.policy, what, random_, now);
}

void router::launch(call& it, const balance::choice& picked, time_point now, actions& out) {
  // An attempt that never left, or was refused, can lend its number to the next: no answer to it will come.
  // So a call may go on trying until its deadline with four bits of attempt number.
  if (!it.records.empty() && !it.counts(it.records.size() - 1) &&
      it.records.size() - it.reached() >= call::uncounted_recorded_max) {
    it.records.pop_back();
    it.states.pop_back();
  }
  TROUPE_INVARIANT(it.records.size() < call::attempts_recorded_max);
  service_state& service = service_of(it);
  const std::size_t index = it.records.size();
  attempt_record& record = it.records.emplace_back();
  record.node = service.replicas.node_of(picked.replica);
  record.score = picked.score;
  record.started = record.ended = now;
  record.fate = retry::fate::lost;  // until something better is known, it may have been executed
  it.states.push_back({picked, true, {}});
  it.marks |= call::mark_of(record.node);
  note_pick(it, index);
  ++it.outstanding;
  ++counted_.attempts;
  service.replicas.began(picked, now);
  // What one replica says to calls that are pinned to it says nothing about the service.
  // After one that bounced it is still the same request.
  if (!it.spec.only && !(it.bounced && index == 1)) service.throttle.sent(it.spec.criticality, now);
  if (it.outstanding == 1) it.wake = first_look(it, now);
  set_phase(it, phase::under_way);
  arm(it);
  // Once a call, and only at first: a further attempt has waited enough.
  if (index > 0) it.states[index].picked.bounce_at = 0;
  out.push_back(transmit{it.id, it.attempt(index), record.node,
                         static_cast<std::uint8_t>(index + (it.bounced ? 0 : 1)), it.spec.deadline - now,
                         it.states[index].picked.bounce_at});
  if (index == 0) ask_around(it.spec.service, now, out);
}

// So the rate of probes follows the rate of calls, and further attempts, of which there are more when
// replicas are in trouble, add none.
void router::ask_around(service_ref service, time_point now, actions& out) {
  balance::replica_set& replicas = services_[service]->replicas;
  while (const auto whom = replicas.probe_due(random_, now)) {
    const node_id to = replicas.node_of(*whom);
    // What is in this very process says it with each reply, and is a function call away.
    if (to == self_ || replicas.is(*whom, balance::standing::unreachable)) continue;
    ++counted_.probes;
    out.push_back(probe{to, service});
  }
}

void router::set_phase(call& it, phase to) {
  if (it.phase == to) return;
  if (it.phase == phase::parked) --service_of(it).parked;
  if (to == phase::parked) ++service_of(it).parked;
  it.phase = to;
}

void router::park(call& it, time_point now, actions& out) {
  bool offered = false;
  bool full = false;
  bool may_come = false;
  for (const auto& [id, one] : nodes_) {
    if (it.spec.only && id != it.spec.only) continue;
    if (one.find(it.spec.service) == nullptr) continue;
    offered = true;
    full |= one.link == link_state::up && one.congested;
    may_come |= one.link == link_state::dialing;
  }
  if (!full && !may_come && !it.spec.only) may_come = widen(it.spec.service, now, out);
  if (full && !may_come) return conclude(it, {}, all_congested(it), now, out);
  set_phase(it, phase::parked);
  it.wake =
      offered ? never : std::max(it.began + settings_.unknown_service_patience, now + timer_wheel::tick);
  arm(it);
}

// --- Timers --------------------------------------------------------------------------------------------

void router::arm(call& it) { wheel_.arm(slot_of(it.id), std::min(it.wake, it.spec.deadline)); }

duration router::stall_of(const call& it, time_point since) const {
  const duration p99 = service_of(it).replicas.p99_round_trip(balance::replica_set::group_of(it.spec.method));
  const duration usual =
      p99 > 0s ? duration{static_cast<duration::rep>(static_cast<double>(p99.count()) * settings_.stall_p99s)}
               : settings_.stall_unknown;
  const duration third = (it.spec.deadline - since) / 3;
  return std::min(std::max(usual, settings_.stall_min), std::max(third, timer_wheel::tick));
}

/// When an attempt that begins now, and is the only one, is to be looked at: as it has stalled, or before
/// that for a hedge.
time_point router::first_look(call& it, time_point now) const {
  if (!retry::may_overlap(it.spec.safety)) return never;
  const time_point stalled = now + stall_of(it, now);
  if (it.spec.hedge == rpc::hedging::off || it.hedge == call::hedge::settled) return stalled;
  const duration p95 = service_of(it).replicas.p95_round_trip(balance::replica_set::group_of(it.spec.method));
  if (p95 <= 0s || now + p95 >= stalled) return stalled;
  it.hedge = call::hedge::awaited;
  return now + p95;
}

void router::wake(call& it, time_point now, actions& out) {
  if (now >= it.spec.deadline) return expire(it, now, out);
  if (now < it.wake) return arm(it);
  switch (it.phase) {
    case phase::parked: {
      const service_state& service = service_of(it);
      const bool expected = it.spec.only ? nodes_.find(it.spec.only) != nullptr : service.offered_by > 0;
      if (!expected) return conclude(it, {}, nobody_offers(it, now), now, out);
      return start(it, now, out);
    }
    case phase::waiting:
      return start(it, now, out);
    case phase::under_way:
      if (it.hedge == call::hedge::awaited) return hedge(it, now, out);
      it.backup = call::backup::wanted;
      return back_up(it, now, out);
    case phase::ended:
      return;
  }
}

// One backup per call for being slow; a further one only when an attempt has failed or its node fell silent.
void router::back_up(call& it, time_point now, actions& out) {
  if (now >= it.spec.deadline) return expire(it, now, out);
  it.wake = never;
  if (it.reached() < settings_.retry.attempts_max && it.advice == rpc::advice::may_retry) {
    it.wake = now + settings_.stall_min;  // to look again, when nobody is free or nothing is left to spend
    if (const auto picked = pick(it, balance::request::again::no, now)) {
      if (service_of(it).budget.spend(now)) {
        it.wake = never;
        it.backup = call::backup::made;
        ++counted_.backups;
        return launch(it, *picked, now, out);
      }
      ++counted_.budget_refusals;
    }
  }
  arm(it);
}

// One per call. What follows when both are slow is the stall's business.
void router::hedge(call& it, time_point now, actions& out) {
  it.hedge = call::hedge::settled;
  service_state& service = service_of(it);
  const auto first =
      std::find_if(it.states.begin(), it.states.end(), [](const auto& s) { return s.under_way; });
  const time_point since = it.records[static_cast<std::size_t>(first - it.states.begin())].started;
  it.wake = std::max(now + timer_wheel::tick, since + stall_of(it, since));
  if (it.reached() < settings_.retry.attempts_max && service.hedges.is_open(service.offered_by, now)) {
    if (const auto picked = pick(it, balance::request::again::no, now)) {
      if (service.budget.spend(now)) {
        service.hedges.spend(now);
        ++counted_.hedges;
        return launch(it, *picked, now, out);
      }
      ++counted_.budget_refusals;
    }
  }
  arm(it);
}

void router::expire(call& it, time_point now, actions& out) {
  const bool reached = it.reached() > 0 || it.bounced;
  const bool refused = !reached && it.excused > 0;
  const duration usual =
      service_of(it).replicas.p99_round_trip(balance::replica_set::group_of(it.spec.method));
  for (std::size_t i = 0; i < it.states.size(); ++i) {
    if (!it.states[i].under_way) continue;
    it.records[i].code = code::deadline_exceeded;
    it.records[i].note = "no answer by the deadline";
    // A deadline that leaves less than the usual time says nothing about the replica.
    const bool had_time = usual > 0s && now - it.records[i].started >= usual;
    out.push_back(withdraw{it.attempt(i), it.records[i].node});
    ended(it, i, had_time ? balance::outcome::failure : balance::outcome::withdrawn, nullptr, now);
  }
  if (refused) return conclude(it, {}, still_refused(it, now), now, out);
  conclude(it, {}, reached || it.spec.deadline <= it.began ? out_of_time(it, now) : nobody_reachable(it, now),
           now, out);
}

// --- What comes back -----------------------------------------------------------------------------------

call* router::find(attempt_id attempt, std::size_t& index) {
  call* it = calls_.find(call_of(attempt));
  const auto number = static_cast<std::size_t>(attempt.value & 15);
  if (it == nullptr || number == 0 || number > it->states.size()) return nullptr;
  index = number - 1;
  return it->states[index].under_way ? it : nullptr;
}

void router::answered(attempt_id attempt, const answer& said, time_point now, actions& out) {
  std::size_t index = 0;
  call* it = find(attempt, index);
  if (it == nullptr) return;
  answer what = said;
  // Who was not asked to, and says it all the same, refuses.
  if (what.fate == retry::fate::bounced && it->states[index].picked.bounce_at == 0)
    what.fate = retry::fate::refused;
  attempt_record& record = it->records[index];
  record.fate = what.fate;
  record.code = what.code;
  const balance::choice& picked = it->states[index].picked;
  balance::replica_set& replicas = service_of(*it).replicas;
  if (replicas.life_of(picked.replica) == picked.life &&
      replicas.is(picked.replica, balance::standing::silent))
    heard_from(record.node, now);
  note_answer(*it, it->states[index], what, now);
  ended(*it, index, outcome_of(what), what.load, now);
  if (record.fate == retry::fate::answered) return conclude(*it, attempt, {}, now, out);
  record.note = what.text;
  if (record.fate == retry::fate::bounced) it->bounced = true, ++counted_.bounced;
  if (what.advice == rpc::advice::do_not_retry) it->advice = what.advice;
  failed(*it, index, now, out);
}

void router::note_answer(const call& it, const attempt_state& of, const answer& what, time_point now) {
  service_state& service = service_of(it);
  const bool overloaded = what.fate == retry::fate::refused && what.code == code::resource_exhausted;
  if (overloaded && !it.spec.only) service.throttle.refused(it.spec.criticality, now);
  if (service.replicas.life_of(of.picked.replica) != of.picked.life) return;
  rpc::load_report load = what.load != nullptr ? *what.load : rpc::load_report{};
  if (overloaded) load.flags = rpc::load_flag::overloaded;
  service.hedges.note(of.picked.replica, load, now);
}

void router::unsent(attempt_id attempt, std::string_view why, time_point now, actions& out) {
  std::size_t index = 0;
  call* it = find(attempt, index);
  if (it == nullptr) return;
  it->records[index].fate = retry::fate::never_sent;
  it->records[index].code = code::unavailable;
  it->records[index].note = why;
  ended(*it, index, balance::outcome::lost, nullptr, now);
  failed(*it, index, now, out);
}

void router::ended(call& it, std::size_t index, balance::outcome how, const rpc::load_report* load,
                   time_point now) {
  attempt_state& state = it.states[index];
  attempt_record& record = it.records[index];
  state.under_way = false;
  --it.outstanding;
  record.ended = now;
  balance::completion what;
  what.group = balance::replica_set::group_of(it.spec.method);
  what.started = record.started;
  what.depth = state.picked.depth;
  what.outcome = how;
  what.load = load;
  service_of(it).replicas.ended(state.picked.replica, state.picked.life, what, now);
}

// --- Trying again --------------------------------------------------------------------------------------

void router::failed(call& it, std::size_t index, time_point now, actions& out) {
  if (it.outstanding > 0) {
    // The other attempt may still answer. If that one had stalled, this one was its backup: get another.
    if (it.backup == call::backup::none) return;
    it.backup = call::backup::wanted;
    return back_up(it, now, out);
  }
  const attempt_record last = it.records[index];
  switch (retry::decide(last.fate, it.spec.safety)) {
    case retry::verdict::at_once:
      return repeat(it, last, payment::free, now, out);
    case retry::verdict::free_once:
      it.states[index].excused = will_be_back(last);
      if (it.states[index].excused && it.excused < 100) ++it.excused;
      return repeat(it, last, payment::first_free, now, out);
    case retry::verdict::from_budget:
      return repeat(it, last, payment::budget, now, out);
    case retry::verdict::not_repeatable:
      return conclude(it, {}, not_repeated(it, last), now, out);
    case retry::verdict::final_answer:
      return;
  }
}

void router::repeat(call& it, const attempt_record& last, payment how, time_point now, actions& out) {
  if (now >= it.spec.deadline) return expire(it, now, out);
  if (it.advice == rpc::advice::do_not_retry) return conclude(it, {}, told_not_to_retry(it, last), now, out);
  if (how != payment::free) {
    if (it.reached() >= settings_.retry.attempts_max)
      return conclude(it, {}, attempts_used(it, last), now, out);
    const bool gratis = how == payment::first_free && it.free == call::free_failover::unused;
    if (gratis) {
      it.free = call::free_failover::used;
    } else if (!service_of(it).budget.spend(now)) {
      ++counted_.budget_refusals;
      return conclude(it, {}, budget_empty(it, last), now, out);
    }
    if (it.failovers < 255) ++it.failovers;
    ++counted_.failovers;
    it.unsent = 0;
  } else if (last.fate == retry::fate::never_sent && it.unsent < 100) {
    ++it.unsent;
  }
  const bool immediate = how == payment::free || it.failovers == 1;
  if (immediate && try_fresh(it, now, out) == launched::yes) return;
  if (!pick(it, balance::request::again::last_resort, now)) return park(it, now, out);
  set_phase(it, phase::waiting);
  if (will_be_back(last)) {
    it.wake = now + retry::wait_for_return(settings_.retry, it.excused, it.spec.deadline - now, random_);
    return arm(it);
  }
  // Only replicas that have been tried are left, or it is not the first failover: not in step, not at once.
  const std::uint32_t failover = std::max(2u, how == payment::free ? it.unsent + 1u : it.failovers);
  const duration median =
      service_of(it).replicas.median_round_trip(balance::replica_set::group_of(it.spec.method));
  it.wake = now + retry::backoff(settings_.retry, failover, median, it.spec.deadline - now, random_);
  arm(it);
}

// --- Ending --------------------------------------------------------------------------------------------

void router::cancel(call_id id, time_point now, actions& out) {
  call* it = calls_.find(id);
  if (it == nullptr) return;
  conclude(*it, {}, {code::cancelled, service_of(*it).name + ": the caller cancelled the call."}, now, out);
}

void router::conclude(call& it, attempt_id winner, error failure, time_point now, actions& out) {
  for (std::size_t i = 0; i < it.states.size() && it.outstanding > 0; ++i) {
    if (!it.states[i].under_way) continue;
    it.records[i].code = code::cancelled;
    it.records[i].note = winner ? "withdrawn: another attempt answered first" : "withdrawn: the call ended";
    out.push_back(withdraw{it.attempt(i), it.records[i].node});
    ended(it, i, balance::outcome::withdrawn, nullptr, now);
  }
  if (!winner) ++counted_.failed;
  if (it.phase == phase::parked) --service_of(it).parked;
  wheel_.disarm(slot_of(it.id));
  remember(it, winner, failure, now);
  calls_.release(it);
  out.emplace_back(std::in_place_type<finish>, it.id, winner, std::move(failure),
                   winner ? rpc::advice::may_retry : it.advice);
}

}  // namespace troupe::routing
