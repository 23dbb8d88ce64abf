#include <array>

#include <troupe/routing/attempt.hpp>
#include <troupe/routing/call_memory.hpp>

namespace troupe::routing {

std::optional<balance::choice> pick_replica(const call_state& call, balance::request::again tried,
                                            service_state& service, random_source& random, time_point now) {
  std::array<balance::replica_index, call_state::attempts_recorded_max> before{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < call.states.size(); ++i) {
    // Where it bounced, nothing was tried: with what is known now, that may still be the best.
    if (call.records[i].fate == retry::fate::bounced) continue;
    if (is_replica_there(call.states[i], service)) before[count++] = call.states[i].picked.replica;
  }
  balance::request wanted;
  wanted.group = call.group();
  wanted.key = call.spec.affinity;
  wanted.only = call.spec.only;
  wanted.tried = {before.data(), count};
  wanted.tried_again = tried;
  return service.replicas.pick(*service.policy, wanted, random, now);
}

std::size_t begin_attempt(call_state& call, const balance::choice& picked, service_state& service,
                          time_point now) {
  const std::size_t attempt = call.open(picked, service.replicas.node_of(picked.replica), now);
  note_terms(call, attempt, service);  // before this one counts as in flight
  service.replicas.began(picked, now);
  // What one replica says to calls that are pinned to it says nothing about the service.
  // After one that bounced it is still the same request.
  if (!call.spec.only && !(call.bounced && attempt == 1))
    service.throttle.sent(call.spec.traits.criticality_or_normal(), now);
  return attempt;
}

void end_attempt(call_state& call, std::size_t attempt, balance::outcome outcome,
                 const rpc::load_report* load, service_state& service, time_point now) {
  call.close(attempt, now);
  const balance::choice& picked = call.states[attempt].picked;
  balance::completion completion;
  completion.group = call.group();
  completion.started = call.records[attempt].started;
  completion.depth = picked.depth;
  completion.outcome = outcome;
  completion.load = load;
  service.replicas.ended(picked.replica, picked.life, completion, now);
}

void note_overload(const call_state& call, std::size_t attempt, const answer& said, service_state& service,
                   time_point now) {
  const bool overloaded = said.fate == retry::fate::refused && said.code == code::resource_exhausted;
  if (overloaded && !call.spec.only) service.throttle.refused(call.spec.traits.criticality_or_normal(), now);
  if (!is_replica_there(call.states[attempt], service)) return;
  rpc::load_report load = said.load != nullptr ? *said.load : rpc::load_report{};
  if (overloaded) load.flags = rpc::load_flag::overloaded;
  service.hedges.note(call.states[attempt].picked.replica, load, now);
}

balance::outcome outcome_of(const answer& said) {
  if (said.fate == retry::fate::bounced) return balance::outcome::bounced;
  const bool executed = said.fate == retry::fate::answered;
  switch (said.code) {
    case code::unknown:
    case code::internal:
    case code::unavailable:
    case code::data_loss:
      return balance::outcome::failure;
    case code::resource_exhausted:
    case code::deadline_exceeded:
      return executed ? balance::outcome::error : balance::outcome::overloaded;
    case code::ok:
    case code::cancelled:
      return executed ? balance::outcome::success : balance::outcome::failure;
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
  return executed ? balance::outcome::error : balance::outcome::failure;
}

bool will_be_back(const attempt_record& refused) {
  return refused.fate == retry::fate::refused && refused.code == code::unavailable;
}

}  // namespace troupe::routing
