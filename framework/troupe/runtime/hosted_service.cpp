#include <algorithm>
#include <thread>

#include <troupe/runtime/hosted_service.hpp>

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

namespace troupe::runtime {

namespace {

// An exponentially weighted mean over about the last ten requests.
constexpr int smoothing = 10;

std::uint32_t micros(duration value) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

}  // namespace

void hosted_service::note_times(duration waited, duration executed) {
  queue_delay += (waited - queue_delay) / smoothing;
  service_time += (executed - service_time) / smoothing;
}

void hosted_service::write_load(wire::idl::Load::Builder load, bool draining) const {
  load.setInFlight(in_flight);
  load.setWorkers(1);  // one turn at a time: an actor executes one request, the others wait or are suspended
  load.setLimit(spec.how.in_flight_max);
  load.setQueueMicros(micros(queue_delay));
  load.setServiceMicros(micros(service_time));
  load.setDraining(draining);
}

service_report report_of(const hosted_service& service) {
  return {.name = service.spec.name,
          .interface_id = service.spec.interface_id,
          .runs_on = service.spec.how.runs_on,
          .in_flight = service.in_flight,
          .limit = service.spec.how.in_flight_max,
          .requests = service.requests,
          .refused = service.refused,
          .expired = service.expired,
          .failed = service.failed,
          .restarts = service.restarts,
          .queue_delay = service.queue_delay,
          .service_time = service.service_time};
}

duration restart_delay(std::uint32_t times) {
  constexpr duration shortest = std::chrono::milliseconds(100);
  constexpr duration longest = std::chrono::seconds(10);
  return std::min(shortest * (1 << std::min(times, 7u)), longest);
}

}  // namespace troupe::runtime
