// How a node takes part in membership.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <troupe/base/option_list.hpp>
#include <troupe/base/time.hpp>
#include <troupe/crypto/ring.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/transport/socket.hpp>

namespace troupe::gossip {

/// A `member` takes part: it is probed, and others learn of it. An `observer` only asks a member for what it
/// knows, now and then: for tools that come and go.
enum class role : std::uint8_t { member, observer };

/// What each option is, and its bounds, stands in `list`.
struct asking_periods {
  /// While nobody is found by the names, it is every membership::options::join_retry.
  duration resolve_period = std::chrono::seconds(30);
  duration observe_period = std::chrono::milliseconds(500);

  static option_list<asking_periods> list();
};

struct gossip_options {
  gossip::role role = role::member;
  membership::options core;
  std::vector<std::string> seeds;  // "host:port", names too
  /// What gossip is sealed with. Empty: it is not.
  crypto::ring keys;
  /// Where the ring is written when it changes. Empty: nowhere.
  std::string keyring;
  /// Gives the addresses behind "host:port". It may block; it is called in a thread of its own, which the
  /// node does not wait for when it ends.
  std::function<result<std::vector<endpoint>>(const std::string& name)> resolve = transport::resolve;
  asking_periods periods;
};

}  // namespace troupe::gossip
