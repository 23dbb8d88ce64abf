// What both threads see of a service: the event loop's, where requests come and go, and its actor's, where
// they are executed. The service outlives its requests, and so do its gauges.
#pragma once

#include <atomic>

#include <troupe/admission/usual_durations.hpp>
#include <troupe/base/time.hpp>
#include <troupe/serving/locked_service_meter.hpp>
#include <troupe/serving/occupancy.hpp>

namespace troupe::serving {

struct service_gauges {
  occupancy fullness;
  locked_service_meter times;  // fed by the actor
  /// In the actor's latest turn the longest that a request had waited, or one that came before it and waits
  /// on. Told once a turn, in a cache line of its own: both threads are busy with the others for each
  /// request.
  alignas(64) std::atomic<duration> longest_wait{duration{0}};
  admission::usual_durations usual;  // the actor's alone
};

}  // namespace troupe::serving
