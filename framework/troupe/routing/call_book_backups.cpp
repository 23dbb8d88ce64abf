// Second attempts beside the first: backups, for attempts that have stalled or whose node fell silent, and
// hedges, for calls that are slower than usual.
#include <algorithm>

#include <troupe/retry/decide.hpp>
#include <troupe/routing/attempt.hpp>
#include <troupe/routing/attempt_timing.hpp>
#include <troupe/routing/call_book.hpp>

namespace troupe::routing {

// One backup per call for being slow; a further one only when an attempt has failed or its node fell silent.
void call_book::back_up(call_state& call, time_point now, actions& out) {
  if (now >= call.spec.deadline) return expire(call, now, out);
  call.wake = never;
  service_state& service = service_of(call);
  if (call.reached() < service.repeating.attempts_max && call.advice == rpc::advice::may_retry) {
    call.wake = now + settings_.stall_min;  // to look again, when nobody is free or nothing is left to spend
    if (const auto picked = pick_replica(call, balance::request::again::no, service, random_, now)) {
      if (service.budget.spend(now)) {
        call.wake = never;
        call.backup = call_state::backup::made;
        ++counted_.backups;
        return launch(call, *picked, now, out);
      }
      ++counted_.budget_refusals;
    }
  }
  arm(call);
}

// One per call. What follows when both are slow is the stall's business.
void call_book::hedge(call_state& call, time_point now, actions& out) {
  call.hedge = call_state::hedge::settled;
  service_state& service = service_of(call);
  const auto first = std::find_if(call.states.begin(), call.states.end(),
                                  [](const attempt_state& each) { return each.under_way; });
  const time_point since = call.records[static_cast<std::size_t>(first - call.states.begin())].started;
  call.wake = std::max(now + timer_wheel::tick, since + stall_after(settings_, call, service, since));
  if (call.reached() < service.repeating.attempts_max && service.hedges.is_open(service.offered_by, now)) {
    if (const auto picked = pick_replica(call, balance::request::again::no, service, random_, now)) {
      if (service.budget.spend(now)) {
        service.hedges.spend(now);
        ++counted_.hedges;
        return launch(call, *picked, now, out);
      }
      ++counted_.budget_refusals;
    }
  }
  arm(call);
}

void call_book::back_up_attempts_on(node_id node, time_point now, actions& out) {
  for (std::uint32_t slot = 1; slot < slab_.size(); ++slot) {
    call_state& call = slab_.at(slot);
    if (call.phase != phase::under_way || !retry::may_overlap(call.spec.traits.safety)) continue;
    if (!call.may_have_attempt_on(node)) continue;
    bool here = false;
    bool elsewhere = false;
    for (std::size_t i = 0; i < call.states.size(); ++i) {
      if (!call.states[i].under_way) continue;
      const node_id on = call.records[i].node;
      const node_state* other = links_.find(on);
      here |= on == node;
      elsewhere |= on != node && other != nullptr && !other->silent;
    }
    if (!here || elsewhere) continue;
    call.backup = call_state::backup::wanted;
    back_up(call, now, out);
  }
}

}  // namespace troupe::routing
