// What both threads see of a service: the event loop's, where requests come and go, and its actor's, where
// they are executed. The service outlives its requests, and so do its gauges.
#pragma once

#include <troupe/serving/locked_service_meter.hpp>
#include <troupe/serving/occupancy.hpp>

namespace troupe::serving {

struct service_gauges {
  occupancy fullness;
  locked_service_meter times;  // fed by the actor
};

}  // namespace troupe::serving
