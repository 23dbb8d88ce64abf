// How a service is hosted: where its turns run, and how much it admits. What each option is, and its bounds,
// stands in `list`. What a program writes is the default: who runs the nodes may say otherwise for a service
// by its name, as [service."shop.Cart"] hosting.in_flight_max = 64.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <troupe/admission/options.hpp>
#include <troupe/base/option_list.hpp>

namespace troupe {

/// Which thread runs a service's turns.
enum class placement : std::uint8_t {
  event_loop,  // the node's event loop: no hop at all, for handlers that never block
  pool,        // CAF's scheduler: for handlers that compute
  thread,      // a thread of its own: for handlers that block
};

std::string_view to_string(placement value);

/// Who decides how many requests a service holds: `fixed` or `adaptive`.
using admission::concurrency;

/// How a service is hosted.
struct hosting {
  placement runs_on = placement::pool;
  /// Refused as overloaded: the caller's router goes elsewhere. Normal requests may use 90% of it, sheddable
  /// ones 70%.
  std::uint32_t in_flight_max = 1024;
  /// `adaptive` refuses nothing while requests wait less than 50 ms for their first turn; when they do wait,
  /// it keeps the queue so short that what is admitted is answered soon. `fixed` is for requests that wait
  /// long on purpose and are few.
  troupe::concurrency concurrency = troupe::concurrency::adaptive;
  std::uint32_t weight = 100;
  /// The name to serve under; empty is the IDL's. For an interface that is served in several parts, each with
  /// its own replicas: "search.Shard.2". 1 to 128 characters of A-Z a-z 0-9 . _ -
  std::string as;

  static option_list<hosting> list();
};

}  // namespace troupe
