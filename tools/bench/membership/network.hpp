// The network that a benchmark has for itself, where it may: its loopback counts nobody else's bytes.
#pragma once

#include <cstdint>

#include <troupe/base/result.hpp>

namespace troupe::bench {

/// Puts this process, and those that it starts from now on, into a network of their own that has only a
/// loopback. Before the first thread. Errors: permission_denied where that takes root.
result<void> enter_own_network();

/// All bytes that have gone over the loopback, headers included.
std::uint64_t loopback_bytes();

}  // namespace troupe::bench
