// What the serving half of a node bounds; each option is told in `list`.
#pragma once

#include <cstddef>

#include <troupe/base/option_list.hpp>
#include <troupe/base/time.hpp>

namespace troupe::serving {

struct server_options {
  std::size_t links_max = 10'000;
  std::size_t request_bytes_max = 256u << 20;
  duration hello_within = std::chrono::seconds(5);
  /// Callers ping every 250 ms.
  duration idle_max = std::chrono::seconds(30);

  static option_list<server_options> list();
};

}  // namespace troupe::serving
