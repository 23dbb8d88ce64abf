// What is noted of a call for whoever asks later (recent_calls.hpp): whether it is worth keeping, and what.
#pragma once

#include <cstddef>
#include <optional>

#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call_state.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/recent_calls.hpp>
#include <troupe/routing/service_state.hpp>

namespace troupe::routing {

/// The terms of the attempt's score, as they are now that its replica has been picked; of calls that will be
/// remembered, since the terms cost as much again as the pick.
void note_terms(call_state& call, std::size_t attempt, service_state& service);

/// Of a call that has just ended; nothing for one that went as nearly all do. `winner` is as in `finish`.
std::optional<recent_call::reason> worth_remembering(const call_state& call, attempt_id winner,
                                                     const service_state& service, time_point now);

/// Keeps the call that has just ended.
void remember(recent_calls& kept, recent_call::reason why, const call_state& call, attempt_id winner,
              const error& failure, const service_state& service, const node_table& nodes, time_point now);

}  // namespace troupe::routing
