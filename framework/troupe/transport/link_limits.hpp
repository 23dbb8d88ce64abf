// What a peer may cost.
#pragma once

#include <cstddef>

#include <troupe/wire/frame.hpp>

namespace troupe::transport {

struct link_limits {
  wire::frame_limits frames;
  /// Bytes waiting for the kernel from which `send` refuses. Default 4 MiB; a slow peer costs this much.
  std::size_t high_water = 4u << 20;
  /// Bytes at which a congested link takes frames again. Default 1 MiB; below `high_water`.
  std::size_t low_water = 1u << 20;
};

}  // namespace troupe::transport
