// What a caller is told when a call fails: what happened, what is known, what to do. Whole sentences. The
// attempts are not told here: `history` has them, and whoever prints an error adds them.
#pragma once

#include <cstdint>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call_state.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/service_table.hpp>

namespace troupe::routing {

/// A call that fails, and what this node knows at that moment.
struct failure_view {
  const call_state& call;
  const service_table& services;
  const node_table& nodes;
  time_point now;

  const service_state& service() const { return services[call.spec.service]; }
};

// Calls that reached nobody.

/// No node is known to serve it; or the node that the call is pinned to is not known.
error nobody_offers(const failure_view& view);
error nobody_reachable(const failure_view& view);
error all_congested(const failure_view& view);
error throttled(const failure_view& view);
error too_many_calls(std::uint32_t under_way);

// Calls that ran out of time, or were cancelled.

error out_of_time(const failure_view& view);
/// Whoever was reached was on its way back, and nobody was in time.
/// REQUIRES: the call has an attempt.
error still_refused(const failure_view& view);
error cancelled(const failure_view& view);

// Calls whose `last` attempt failed, and why there is no further one.

error not_repeated(const failure_view& view, const attempt_record& last);
error attempts_used(const failure_view& view, const attempt_record& last);
error budget_empty(const failure_view& view, const attempt_record& last);
error told_not_to_retry(const failure_view& view, const attempt_record& last);

}  // namespace troupe::routing
