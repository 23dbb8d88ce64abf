// Ports for nodes that are about to start.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/base/result.hpp>

namespace troupe::local {

/// `count` ports of 127.0.0.1 that nobody has now, neither TCP nor UDP. They lie below the range from which
/// the kernel gives ports to outgoing connections: a node that restarts finds its own still free. Where a
/// search starts is random, so two at once are unlikely to choose the same. Errors: resource_exhausted.
result<std::vector<std::uint16_t>> find_free_ports(std::size_t count);

}  // namespace troupe::local
