// What the router notes of its calls for whoever asks later: recent_calls.hpp.
#include <cmath>

#include <troupe/balance/score.hpp>
#include <troupe/routing/router.hpp>

namespace troupe::routing {

// The terms cost as much again as the pick, so they are only looked at for calls that will be remembered.
void router::note_pick(call& it, std::size_t attempt) {
  if (attempt == 0 && !recent_calls::is_sampled(it.id)) return;
  attempt_state& state = it.states[attempt];
  state.terms = balance::terms_of(service_of(it).replicas, state.picked.replica);
}

std::optional<recent_call::reason> router::worth_remembering(const call& it, attempt_id winner,
                                                             time_point now) const {
  if (!winner) return recent_call::reason::failed;
  if (it.records.size() > (it.bounced ? 2u : 1u)) return recent_call::reason::repeated;
  if (it.records.back().code != code::ok) return recent_call::reason::declined;
  const duration usual =
      service_of(it).replicas.p99_round_trip(balance::replica_set::group_of(it.spec.method));
  if (usual > 0s && now - it.began > usual) return recent_call::reason::slow;
  if (recent_calls::is_sampled(it.id)) return recent_call::reason::sampled;
  return std::nullopt;
}

void router::remember(const call& it, attempt_id winner, const error& failure, time_point now) {
  const auto reason = worth_remembering(it, winner, now);
  if (!reason) return;
  const service_state& service = service_of(it);
  recent_call& kept = recent_.add(*reason);
  kept.id = it.id;
  kept.service = service.name;
  if (it.spec.method_name.empty())
    kept.method = std::to_string(it.spec.method);
  else
    kept.method = it.spec.method_name;
  kept.policy = service.policy->name();
  kept.safety = it.spec.safety;
  kept.pinned = static_cast<bool>(it.spec.only);
  kept.began = it.began;
  kept.took = now - it.began;
  kept.allowed = it.spec.deadline - it.began;
  kept.code = winner ? it.records[(winner.value & 15) - 1].code : failure.code;
  kept.text = failure.text;
  kept.count = it.records.size();
  if (kept.tries.size() < kept.count) kept.tries.resize(kept.count);
  for (std::size_t i = 0; i < kept.count; ++i) describe(kept.tries[i], it, i);
}

void router::describe(remembered_attempt& into, const call& it, std::size_t attempt) const {
  const attempt_state& state = it.states[attempt];
  into.record = it.records[attempt];
  const node* on = nodes_.find(into.record.node);
  if (on != nullptr) {
    into.name = on->name;
    into.address = on->address;
  } else {
    into.name = to_hex(into.record.node.value);
    into.address.clear();
  }
  into.terms.clear();
  if (state.terms)
    for (std::size_t t = 0; t < balance::score_terms; ++t) {
      const auto which = static_cast<balance::score_term>(t);
      into.terms.push_back(
          {to_string(which), (*state.terms)[t], weight_of(service_of(it).balancing.weight, which)});
    }
  into.candidates = state.picked.candidates;
  into.runner_up = std::isfinite(state.picked.runner_up) ? static_cast<double>(state.picked.runner_up) : 0;
}

}  // namespace troupe::routing
