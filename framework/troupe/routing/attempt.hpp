// One attempt of a call, from the choice of its replica to what came of it: what the statistics, the throttle
// and the hedges' gate of its service are told on the way. What follows is the call book's business.
#pragma once

#include <cstddef>
#include <optional>

#include <troupe/balance/replica_set.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/call_state.hpp>
#include <troupe/routing/service_state.hpp>

namespace troupe::routing {

/// The replica that the call's next attempt should go to, by the service's policy. Nothing where none can be
/// reached, or, with again::no, where all of these have been tried by this call.
std::optional<balance::choice> pick_replica(const call_state& call, balance::request::again tried,
                                            service_state& service, random_source& random, time_point now);

/// The attempt at what was picked is under way from now on; its index in the call.
std::size_t begin_attempt(call_state& call, const balance::choice& picked, service_state& service,
                          time_point now);

/// It is not any more. `load` is what the replica reported with its answer; null where it did not.
void end_attempt(call_state& call, std::size_t attempt, balance::outcome outcome,
                 const rpc::load_report* load, service_state& service, time_point now);

/// What an answer says about overload, to those who hold back for it: the throttle and the hedges' gate.
void note_overload(const call_state& call, std::size_t attempt, const answer& said, service_state& service,
                   time_point now);

/// Whether the replica that the attempt was at is still there, and is still the same one.
inline bool is_replica_there(const attempt_state& attempt, const service_state& service) {
  return service.replicas.life_of(attempt.picked.replica) == attempt.picked.life;
}

/// How an answer of the replica's reflects on it. What an application declines on purpose is no illness.
balance::outcome outcome_of(const answer& said);

/// A refusal for the replica's own state, not for load: it is starting, restarting, draining, or on its way
/// out of membership. It took milliseconds, and says nothing about the next one.
bool will_be_back(const attempt_record& refused);

}  // namespace troupe::routing
