// What follows an attempt's outcome: the end of its call, or another attempt in its place.
#include <algorithm>

#include <troupe/retry/backoff.hpp>
#include <troupe/retry/decide.hpp>
#include <troupe/routing/attempt.hpp>
#include <troupe/routing/call_book.hpp>

namespace troupe::routing {

// --- What comes back ----------------------------------------------------------------------------------

call_book::found_attempt call_book::find(attempt_id attempt) {
  call_state* call = slab_.find(call_state::call_of(attempt));
  const std::size_t index = call_state::index_of(attempt);
  if (call == nullptr || index >= call->states.size() || !call->states[index].under_way) return {};
  return {call, index};
}

void call_book::answered(attempt_id attempt, const answer& said, time_point now, actions& out) {
  const auto [call, index] = find(attempt);
  if (call == nullptr) return;
  answer counted = said;
  // Who was not asked to, and says it all the same, refuses.
  if (counted.fate == retry::fate::bounced && call->states[index].picked.bounce_at == 0)
    counted.fate = retry::fate::refused;
  attempt_record& record = call->records[index];
  record.fate = counted.fate;
  record.code = counted.code;
  const attempt_state& state = call->states[index];
  service_state& service = service_of(*call);
  if (is_replica_there(state, service) &&
      service.replicas.is(state.picked.replica, balance::standing::silent))
    links_.heard_from(record.node, now);
  note_overload(*call, index, counted, service, now);
  end_attempt(*call, index, outcome_of(counted), counted.load, service, now);
  if (record.fate == retry::fate::answered) return conclude(*call, attempt, {}, now, out);
  record.note = counted.text;
  if (record.fate == retry::fate::bounced) call->bounced = true, ++counted_.bounced;
  if (counted.advice == rpc::advice::do_not_retry) call->advice = counted.advice;
  failed(*call, index, now, out);
}

void call_book::unsent(attempt_id attempt, std::string_view why, time_point now, actions& out) {
  const auto [call, index] = find(attempt);
  if (call == nullptr) return;
  call->records[index].fate = retry::fate::never_sent;
  call->records[index].code = code::unavailable;
  call->records[index].note = why;
  end_attempt(*call, index, balance::outcome::lost, nullptr, service_of(*call), now);
  failed(*call, index, now, out);
}

void call_book::lose_attempts_on(node_id node, std::string_view why, time_point now, actions& out) {
  for (std::uint32_t slot = 1; slot < slab_.size(); ++slot) {
    call_state& call = slab_.at(slot);
    if (call.phase != phase::under_way || !call.may_have_attempt_on(node)) continue;
    for (std::size_t i = 0; i < call.states.size(); ++i) {
      if (!call.states[i].under_way || call.records[i].node != node) continue;
      call.records[i].fate = retry::fate::lost;
      call.records[i].code = code::unavailable;
      call.records[i].note = why.empty() ? "connection lost after sending" : std::string(why);
      end_attempt(call, i, balance::outcome::lost, nullptr, service_of(call), now);
      failed(call, i, now, out);
      break;  // the call has moved on; another attempt of it on the same link cannot exist
    }
  }
}

// --- In place of an attempt that failed ---------------------------------------------------------------

void call_book::failed(call_state& call, std::size_t attempt, time_point now, actions& out) {
  if (call.outstanding > 0) {
    // The other attempt may still answer. If that one had stalled, this one was its backup: get another.
    if (call.backup == call_state::backup::none) return;
    call.backup = call_state::backup::wanted;
    return back_up(call, now, out);
  }
  const attempt_record last = call.records[attempt];
  switch (retry::decide(last.fate, call.spec.traits.safety)) {
    case retry::verdict::at_once:
      return repeat(call, last, payment::free, now, out);
    case retry::verdict::free_once:
      call.states[attempt].excused = will_be_back(last);
      if (call.states[attempt].excused && call.excused < 100) ++call.excused;
      return repeat(call, last, payment::first_free, now, out);
    case retry::verdict::from_budget:
      return repeat(call, last, payment::budget, now, out);
    case retry::verdict::not_repeatable:
      return conclude(call, {}, not_repeated(view_of(call, now), last), now, out);
    case retry::verdict::final_answer:
      return;
  }
}

void call_book::repeat(call_state& call, const attempt_record& last, payment by, time_point now,
                       actions& out) {
  if (now >= call.spec.deadline) return expire(call, now, out);
  if (call.advice == rpc::advice::do_not_retry) {
    if (holds_for_all(call, now))
      return conclude(call, {}, told_not_to_retry(view_of(call, now), last), now, out);
    if (by == payment::first_free) by = payment::budget;
  }
  if (by != payment::free) {
    if (!pay_for_repeat(call, last, by, now, out)) return;
  } else if (last.fate == retry::fate::never_sent && call.unsent < 100) {
    ++call.unsent;
  }
  const bool immediate = by == payment::free || call.failovers == 1;
  if (immediate && try_fresh(call, now, out) == launched::yes) return;
  // Who lacks a method lacks it in a moment, too.
  if (last.code == code::unimplemented)
    return conclude(call, {}, attempts_used(view_of(call, now), last), now, out);
  if (!pick_replica(call, balance::request::again::last_resort, service_of(call), random_, now))
    return park(call, now, out);
  wait_to_repeat(call, last, by, now);
}

// A replica that advises against repeats thinks that the others are as full as it is. Those who have asked
// the others know better: it is so where most of them refuse, or where there is no other.
bool call_book::holds_for_all(const call_state& call, time_point now) {
  service_state& service = service_of(call);
  return service.throttle.probability(call.spec.traits.criticality_or_normal(), now) > 0 ||
         !pick_replica(call, balance::request::again::no, service, random_, now);
}

bool call_book::pay_for_repeat(call_state& call, const attempt_record& last, payment by, time_point now,
                               actions& out) {
  service_state& service = service_of(call);
  if (call.reached() >= service.repeating.attempts_max) {
    conclude(call, {}, attempts_used(view_of(call, now), last), now, out);
    return false;
  }
  if (by == payment::first_free && call.free == call_state::free_failover::unused) {
    call.free = call_state::free_failover::used;
  } else if (!service.budget.spend(now)) {
    ++counted_.budget_refusals;
    conclude(call, {}, budget_empty(view_of(call, now), last), now, out);
    return false;
  }
  if (call.failovers < 255) ++call.failovers;
  ++counted_.failovers;
  call.unsent = 0;
  return true;
}

// Only replicas that have been tried are left, or it is not the first failover: not in step, not at once.
void call_book::wait_to_repeat(call_state& call, const attempt_record& last, payment by, time_point now) {
  set_phase(call, phase::waiting);
  const duration remaining = call.spec.deadline - now;
  const service_state& service = service_of(call);
  if (will_be_back(last)) {
    call.wake = now + retry::wait_for_return(service.repeating, call.excused, remaining, random_);
  } else {
    const std::uint32_t failover = std::max(2u, by == payment::free ? call.unsent + 1u : call.failovers);
    const duration median = service.replicas.median_round_trip(call.group());
    call.wake = now + retry::backoff(service.repeating, failover, median, remaining, random_);
  }
  arm(call);
}

}  // namespace troupe::routing
