#include <algorithm>
#include <chrono>
#include <cstdint>

#include <troupe/wire/load.hpp>

namespace troupe::wire {

namespace {

std::uint32_t micros(duration value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(to_micros(value), UINT32_MAX));
}

}  // namespace

void write(idl::Load::Builder to, const rpc::load_report& what) {
  to.setInFlight(what.in_flight);
  to.setYours(what.yours);
  to.setWorkers(what.workers);
  to.setLimit(what.limit);
  to.setQueueMicros(micros(what.queue_delay));
  to.setServiceMicros(micros(what.service_time));
  to.setServiceAgeMicros(micros(what.service_age));
  to.setOverloaded(what.has(rpc::load_flag::overloaded));
  to.setDraining(what.has(rpc::load_flag::draining));
}

rpc::load_report read(idl::Load::Reader from) {
  const auto flags = (from.getOverloaded() ? 1u : 0u) | (from.getDraining() ? 2u : 0u);
  return {.in_flight = from.getInFlight(),
          .yours = from.getYours(),
          .workers = from.getWorkers(),
          .limit = from.getLimit(),
          .queue_delay = std::chrono::microseconds(from.getQueueMicros()),
          .service_time = std::chrono::microseconds(from.getServiceMicros()),
          .service_age = std::chrono::microseconds(from.getServiceAgeMicros()),
          .flags = static_cast<rpc::load_flag>(flags)};
}

}  // namespace troupe::wire
