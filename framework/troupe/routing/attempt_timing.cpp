#include <algorithm>

#include <troupe/retry/decide.hpp>
#include <troupe/routing/attempt_timing.hpp>
#include <troupe/routing/timer_wheel.hpp>

namespace troupe::routing {

duration stall_after(const options& settings, const call_state& call, const service_state& service,
                     time_point since) {
  const duration p99 = service.replicas.p99_round_trip(call.group());
  const duration usual =
      p99 > 0s ? duration{static_cast<duration::rep>(static_cast<double>(p99.count()) * settings.stall_p99s)}
               : settings.stall_unknown;
  const duration third = (call.spec.deadline - since) / 3;
  return std::min(std::max(usual, settings.stall_min), std::max(third, timer_wheel::tick));
}

first_look first_look_at(const options& settings, const call_state& call, const service_state& service,
                         time_point now) {
  if (!retry::may_overlap(call.spec.traits.safety) || call.spec.traits.backup == rpc::backing::off) return {};
  const time_point stalled = now + stall_after(settings, call, service, now);
  if (call.spec.traits.hedge == rpc::hedging::off || call.hedge == call_state::hedge::settled)
    return {stalled};
  const duration p95 = service.replicas.p95_round_trip(call.group());
  if (p95 <= 0s || now + p95 >= stalled) return {stalled};
  return {now + p95, true};
}

}  // namespace troupe::routing
