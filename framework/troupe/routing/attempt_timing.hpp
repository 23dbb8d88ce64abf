// How long an attempt may go without an answer before a second one is thought of: longer than is usual for
// the method, and soon enough that the second still has time.
#pragma once

#include <troupe/base/time.hpp>
#include <troupe/routing/call_state.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/service_state.hpp>

namespace troupe::routing {

/// After how long an attempt that began at `since` has stalled: clamp(stall_p99s * p99, stall_min, a third of
/// what remains), stall_unknown in place of the first where no round trip was measured; at least a tick of
/// the timer wheel.
duration stall_after(const options& settings, const call_state& call, const service_state& service,
                     time_point since);

/// When to look at an attempt that begins now and is the call's only one.
struct first_look {
  time_point at = never;      // never: no second attempt may run beside this one, as the method declares
  bool is_for_hedge = false;  // for a hedge, after the method's p95; else it has stalled by then
};
first_look first_look_at(const options& settings, const call_state& call, const service_state& service,
                         time_point now);

}  // namespace troupe::routing
