// How a node takes part in membership.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <troupe/base/time.hpp>
#include <troupe/membership/options.hpp>

namespace troupe::runtime {

/// A `member` takes part: it is probed, and others learn of it. An `observer` only asks a member for what it
/// knows, now and then: for tools that come and go.
enum class role : std::uint8_t { member, observer };

struct gossip_options {
  runtime::role role = role::member;
  membership::options core;
  std::vector<std::string> seeds;  // "host:port", names too
  /// How often names are resolved again, while there are seeds that are names. 1 s to 1 h.
  duration resolve_period = std::chrono::seconds(30);
  /// How often an observer asks. 10 ms to 1 min.
  duration observe_period = std::chrono::milliseconds(500);
};

}  // namespace troupe::runtime
