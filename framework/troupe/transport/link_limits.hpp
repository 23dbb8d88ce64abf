// What a peer may cost; each option is told in `list`.
#pragma once

#include <cstddef>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::transport {

struct link_limits {
  wire::frame_limits frames;
  /// From here on `send` refuses: a slow peer costs this much.
  std::size_t high_water = 4u << 20;
  std::size_t low_water = 1u << 20;

  static option_list<link_limits> list();
  /// Errors: invalid_argument, naming the option, its value and its bounds.
  result<void> validate() const;
};

}  // namespace troupe::transport
