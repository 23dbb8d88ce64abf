#include <algorithm>
#include <thread>

#include <troupe/admission/allowance.hpp>
#include <troupe/serving/hosted_service.hpp>

namespace troupe {

std::string_view to_string(placement value) {
  switch (value) {
    case placement::event_loop:
      return "event_loop";
    case placement::pool:
      return "pool";
    case placement::thread:
      return "thread";
  }
  return "unknown";
}

}  // namespace troupe

namespace troupe::serving {

namespace {

// About the last hundred; a tenth of the traffic may be repeats by the callers' own budgets.
constexpr std::uint32_t further_smoothing = 100;
constexpr double further_share_usual = .2;

std::uint32_t micros(duration value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(to_micros(value), UINT32_MAX));
}

}  // namespace

hosted_service::room hosted_service::ask(rpc::criticality what, rpc::attempt_kind which) {
  const bool further = which == rpc::attempt_kind::further;
  further_share += ((further ? 1. : 0.) - further_share) / further_smoothing;
  if (asked_once < further_smoothing) ++asked_once;
  if (in_flight < admission::allowance(limit(), what, which)) return room::yes;
  if (spec.how.concurrency == concurrency::adaptive) adaptive.refused();
  return room::no;
}

void hosted_service::enter() {
  others.in_flight.store(++in_flight, std::memory_order_relaxed);
  ++requests;
}

void hosted_service::leave() { others.in_flight.store(--in_flight, std::memory_order_relaxed); }

rpc::advice hosted_service::retry_advice() const {
  const bool seen_enough = asked_once >= further_smoothing;
  return seen_enough && further_share > further_share_usual ? rpc::advice::do_not_retry
                                                            : rpc::advice::may_retry;
}

void hosted_service::note_times(duration waited, duration executed, time_point at) {
  if (spec.how.concurrency != concurrency::adaptive) return;
  // What a fault adds on purpose is not the service's queue.
  adaptive.completed(waited - fault.delay, executed, at);
  others.limit.store(limit(), std::memory_order_relaxed);
}

void hosted_service::write_load(wire::idl::Load::Builder load, std::uint32_t yours, refusing now_refusing,
                                bool draining, time_point at) const {
  const auto served = times.read(at);
  load.setInFlight(in_flight);
  load.setWorkers(1);  // one turn at a time: an actor executes one request, the others wait or are suspended
  load.setLimit(limit());
  load.setYours(yours);
  load.setOverloaded(now_refusing == refusing::yes ||
                     in_flight >=
                         admission::allowance(limit(), rpc::criticality::normal, rpc::attempt_kind::first));
  load.setQueueMicros(micros(served.queue_delay));
  load.setServiceMicros(micros(served.service_time));
  load.setServiceAgeMicros(micros(served.service_age));
  load.setDraining(draining);
}

service_report report_of(const hosted_service& service, time_point now) {
  const auto served = service.times.read(now);
  return {.name = service.spec.name,
          .interface_id = service.spec.interface_id,
          .runs_on = service.spec.how.runs_on,
          .in_flight = service.in_flight,
          .limit = service.limit(),
          .requests = service.requests,
          .refused = service.refused,
          .bounced = service.bounced,
          .expired = service.expired,
          .failed = service.failed,
          .restarts = service.restarts,
          .queue_delay = served.queue_delay,
          .service_time = served.service_time};
}

}  // namespace troupe::serving
