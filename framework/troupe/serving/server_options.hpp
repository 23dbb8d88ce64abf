// What the serving half of a node bounds.
#pragma once

#include <cstddef>

#include <troupe/base/time.hpp>

namespace troupe::serving {

struct server_options {
  /// Inbound links at once; one more is closed at once. 1 to 1,000,000.
  std::size_t links_max = 10'000;
  /// Bytes of requests admitted and not yet answered, over all services: beyond it requests are refused.
  std::size_t request_bytes_max = 256u << 20;
  /// A link that has not said hello by then is closed.
  duration hello_within = std::chrono::seconds(5);
  /// A link that says nothing for this long is closed: callers ping every 250 ms.
  duration idle_max = std::chrono::seconds(30);
};

}  // namespace troupe::serving
