#include <cmath>

#include <troupe/balance/score.hpp>
#include <troupe/routing/call_memory.hpp>

namespace troupe::routing {

namespace {

void describe(remembered_attempt& into, const call_state& call, std::size_t attempt,
              const service_state& service, const node_table& nodes) {
  const attempt_state& state = call.states[attempt];
  into.record = call.records[attempt];
  if (const node_state* node = nodes.find(into.record.node)) {
    into.name = node->name;
    into.address = node->address;
  } else {
    into.name = to_hex(into.record.node.value);
    into.address.clear();
  }
  into.terms.clear();
  if (state.terms)
    for (std::size_t t = 0; t < balance::score_terms; ++t) {
      const auto which = static_cast<balance::score_term>(t);
      into.terms.push_back({to_string(which), (*state.terms)[t], weight_of(service.balancing.weight, which)});
    }
  into.candidates = state.picked.candidates;
  into.runner_up = std::isfinite(state.picked.runner_up) ? static_cast<double>(state.picked.runner_up) : 0;
}

}  // namespace

void note_terms(call_state& call, std::size_t attempt, service_state& service) {
  if (attempt == 0 && !call.sampled) return;
  attempt_state& state = call.states[attempt];
  state.terms = service.replicas.terms_of(state.picked);
}

std::optional<recent_call::reason> worth_remembering(const call_state& call, attempt_id winner,
                                                     const service_state& service, time_point now) {
  if (!winner) return recent_call::reason::failed;
  if (call.records.size() > (call.bounced ? 2u : 1u)) return recent_call::reason::repeated;
  if (call.records.back().code != code::ok) return recent_call::reason::declined;
  const duration usual = service.replicas.p99_round_trip(call.group());
  if (usual > 0s && now - call.began > usual) return recent_call::reason::slow;
  if (call.sampled) return recent_call::reason::sampled;
  return std::nullopt;
}

void remember(recent_calls& kept, recent_call::reason why, const call_state& call, attempt_id winner,
              const error& failure, const service_state& service, const node_table& nodes, time_point now) {
  recent_call& into = kept.add(why);
  into.id = call.id;
  into.service = service.name;
  if (call.spec.method_name.empty())
    into.method = std::to_string(call.spec.method);
  else
    into.method = call.spec.method_name;
  into.policy = service.policy->name();
  into.safety = call.spec.traits.safety;
  into.pinned = static_cast<bool>(call.spec.only);
  into.began = call.began;
  into.took = now - call.began;
  into.allowed = call.spec.deadline - call.began;
  into.code = winner ? call.records[call_state::index_of(winner)].code : failure.code;
  into.text = failure.text;
  into.count = call.records.size();
  if (into.tries.size() < into.count) into.tries.resize(into.count);
  for (std::size_t i = 0; i < into.count; ++i) describe(into.tries[i], call, i, service, nodes);
}

}  // namespace troupe::routing
