#include <algorithm>
#include <utility>

#include <troupe/routing/attempt.hpp>
#include <troupe/routing/attempt_timing.hpp>
#include <troupe/routing/call_book.hpp>
#include <troupe/routing/call_memory.hpp>

namespace troupe::routing {

call_book::call_book(const options& settings, service_table& services, link_book& links,
                     random_source& random, time_point now)
    : settings_(settings),
      services_(services),
      links_(links),
      random_(random),
      slab_(settings.calls_max),
      wheel_(now) {}

// --- Beginning ----------------------------------------------------------------------------------------

call_id call_book::begin(const call_spec& spec, time_point now, actions& out) {
  TROUPE_INVARIANT(spec.service < services_.size());
  ++counted_.calls;
  call_state* call = slab_.acquire();
  if (call == nullptr) {
    ++counted_.failed;
    const call_state& refused = slab_.refuse();
    out.push_back(finish{refused.id, {}, too_many_calls(slab_.live())});
    return refused.id;
  }
  const call_id id = call->id;
  call->spec = spec;
  call->began = now;
  call->sampled = recent_calls::is_sampled(id);
  service_state& service = service_of(*call);
  ++service.parked;  // as every call is until its first attempt
  if (spec.only) {
    if (node_state* node = links_.find(spec.only)) links_.windows().reach_out(*node, now, out);
  } else if (service.used == service_state::use::not_yet) {
    links_.windows().open(spec.service, out);
  }
  if (!spec.only && service.throttle.refuses(spec.traits.criticality_or_normal(), random_, now)) {
    ++counted_.throttled;
    conclude(*call, {}, throttled(view_of(*call, now)), now, out);
    return id;
  }
  service.budget.earn(now);
  if (spec.traits.hedge == rpc::hedging::on) service.hedges.earn(now);
  start(*call, now, out);
  return id;
}

void call_book::start(call_state& call, time_point now, actions& out) {
  if (now >= call.spec.deadline) return expire(call, now, out);
  if (awaits_owner(call, now, out)) {
    set_phase(call, phase::parked);
    call.wake = call.began + settings_.affinity_patience;
    return arm(call);
  }
  const auto picked =
      pick_replica(call, balance::request::again::last_resort, service_of(call), random_, now);
  if (picked) {
    launch(call, *picked, now, out);
  } else {
    park(call, now, out);
  }
}

// The key's owner may be a replica whose first link is still being made, in a router that has just started,
// or one beyond the aperture, to which there was no reason to make one.
bool call_book::awaits_owner(const call_state& call, time_point now, actions& out) {
  if (!call.spec.affinity || call.spec.only || !call.records.empty()) return false;
  if (now >= call.began + settings_.affinity_patience) return false;
  service_state& service = service_of(call);
  if (!links_.is_dialing() && !service.windowed) return false;
  const auto home = service.replicas.home_of(*call.spec.affinity);
  if (!home) return false;
  node_state& owner = *links_.find(service.replicas.node_of(*home));
  if (service.windowed) links_.windows().reach_out(owner, now, out);
  return owner.link == link_state::dialing && owner.broken_why.empty();
}

call_book::launched call_book::try_fresh(call_state& call, time_point now, actions& out) {
  const auto picked = pick_replica(call, balance::request::again::no, service_of(call), random_, now);
  if (!picked) return launched::no;
  launch(call, *picked, now, out);
  return launched::yes;
}

void call_book::launch(call_state& call, const balance::choice& picked, time_point now, actions& out) {
  service_state& service = service_of(call);
  const std::size_t index = begin_attempt(call, picked, service, now);
  ++counted_.attempts;
  if (call.outstanding == 1) {
    const first_look look = first_look_at(settings_, call, service, now);
    call.wake = look.at;
    if (look.is_for_hedge) call.hedge = call_state::hedge::awaited;
  }
  set_phase(call, phase::under_way);
  arm(call);
  // Once a call, and only at first: a further attempt has waited enough.
  if (index > 0) call.states[index].picked.bounce_at = 0;
  out.push_back(transmit{call.id, call.attempt(index), call.records[index].node,
                         static_cast<std::uint8_t>(index + (call.bounced ? 0 : 1)), call.spec.deadline - now,
                         call.states[index].picked.bounce_at});
  if (index == 0) send_probes(call.spec.service, now, out);
}

// --- Parked -------------------------------------------------------------------------------------------

void call_book::park(call_state& call, time_point now, actions& out) {
  bool offered = false;
  bool full = false;
  bool may_come = false;
  for (const auto& [id, node] : links_.nodes()) {
    if (call.spec.only && id != call.spec.only) continue;
    if (node.find(call.spec.service) == nullptr) continue;
    offered = true;
    full |= node.link == link_state::up && node.congested;
    may_come |= node.link == link_state::dialing;
  }
  if (!full && !may_come && !call.spec.only)
    may_come = links_.windows().reach_beyond(call.spec.service, now, out);
  if (full && !may_come) return conclude(call, {}, all_congested(view_of(call, now)), now, out);
  set_phase(call, phase::parked);
  call.wake =
      offered ? never : std::max(call.began + settings_.unknown_service_patience, now + timer_wheel::tick);
  arm(call);
}

bool call_book::is_awaited(node_id node) const {
  const bool any_parked = std::any_of(services_.begin(), services_.end(),
                                      [](const auto& service) { return service->parked > 0; });
  for (std::uint32_t slot = 1; any_parked && slot < slab_.size(); ++slot)
    if (const call_state& call = slab_.at(slot); call.phase == phase::parked && call.spec.only == node)
      return true;
  return false;
}

void call_book::restart_parked(node_id id, time_point now, actions& out) {
  const node_state* node = links_.find(id);
  if (node == nullptr || !node->takes_calls()) return;
  const bool any_parked =
      std::any_of(node->replicas.begin(), node->replicas.end(),
                  [&](const node_state::replica& replica) { return services_[replica.service].parked > 0; });
  if (!any_parked) return;
  for (std::uint32_t slot = 1; slot < slab_.size(); ++slot)
    if (call_state& call = slab_.at(slot); call.phase == phase::parked) start(call, now, out);
}

// --- Timers -------------------------------------------------------------------------------------------

void call_book::set_phase(call_state& call, phase to) {
  if (call.phase == to) return;
  if (call.phase == phase::parked) --service_of(call).parked;
  if (to == phase::parked) ++service_of(call).parked;
  call.phase = to;
}

void call_book::arm(call_state& call) {
  wheel_.arm(call_slab::slot_of(call.id), std::min(call.wake, call.spec.deadline));
}

void call_book::wake(call_state& call, time_point now, actions& out) {
  if (now >= call.spec.deadline) return expire(call, now, out);
  if (now < call.wake) return arm(call);
  switch (call.phase) {
    case phase::parked: {
      const bool expected =
          call.spec.only ? links_.find(call.spec.only) != nullptr : service_of(call).offered_by > 0;
      if (!expected) return conclude(call, {}, nobody_offers(view_of(call, now)), now, out);
      return start(call, now, out);
    }
    case phase::waiting:
      return start(call, now, out);
    case phase::under_way:
      if (call.hedge == call_state::hedge::awaited) return hedge(call, now, out);
      call.backup = call_state::backup::wanted;
      return back_up(call, now, out);
    case phase::ended:
      return;
  }
}

void call_book::tick(time_point now, actions& out) {
  due_.clear();
  wheel_.advance(now, due_);
  for (const std::uint32_t slot : due_)
    if (call_state& call = slab_.at(slot); call.phase != phase::ended) wake(call, now, out);
}

// --- Ending -------------------------------------------------------------------------------------------

void call_book::expire(call_state& call, time_point now, actions& out) {
  const bool reached = call.reached() > 0 || call.bounced;
  const bool refused = !reached && call.excused > 0;
  service_state& service = service_of(call);
  const duration usual = service.replicas.p99_round_trip(call.group());
  for (std::size_t i = 0; i < call.states.size(); ++i) {
    if (!call.states[i].under_way) continue;
    call.records[i].code = code::deadline_exceeded;
    call.records[i].note = "no answer by the deadline";
    // A deadline that leaves less than the usual time says nothing about the replica.
    const bool had_time = usual > 0s && now - call.records[i].started >= usual;
    out.push_back(withdraw{call.attempt(i), call.records[i].node});
    end_attempt(call, i, had_time ? balance::outcome::failure : balance::outcome::withdrawn, nullptr, service,
                now);
  }
  const failure_view view = view_of(call, now);
  if (refused) return conclude(call, {}, still_refused(view), now, out);
  const bool timed_out = reached || call.spec.deadline <= call.began;
  conclude(call, {}, timed_out ? out_of_time(view) : nobody_reachable(view), now, out);
}

void call_book::cancel(call_id id, time_point now, actions& out) {
  if (call_state* call = slab_.find(id)) conclude(*call, {}, cancelled(view_of(*call, now)), now, out);
}

void call_book::conclude(call_state& call, attempt_id winner, error failure, time_point now, actions& out) {
  service_state& service = service_of(call);
  for (std::size_t i = 0; i < call.states.size() && call.outstanding > 0; ++i) {
    if (!call.states[i].under_way) continue;
    call.records[i].code = code::cancelled;
    call.records[i].note = winner ? "withdrawn: another attempt answered first" : "withdrawn: the call ended";
    out.push_back(withdraw{call.attempt(i), call.records[i].node});
    end_attempt(call, i, balance::outcome::withdrawn, nullptr, service, now);
  }
  if (!winner) ++counted_.failed;
  if (call.phase == phase::parked) --service.parked;
  wheel_.disarm(call_slab::slot_of(call.id));
  if (const auto why = worth_remembering(call, winner, service, now))
    remember(recent_, *why, call, winner, failure, service, links_.nodes(), now);
  slab_.release(call);
  auto& done = std::get<finish>(out.emplace_back(std::in_place_type<finish>));
  done.call = call.id;
  done.winner = winner;
  done.failure = std::move(failure);
  if (!winner) done.advice = call.advice;
}

std::span<const attempt_record> call_book::history(call_id id) const {
  const call_state* call = slab_.find_ended(id);
  return call != nullptr ? std::span<const attempt_record>(call->records) : std::span<const attempt_record>{};
}

}  // namespace troupe::routing
