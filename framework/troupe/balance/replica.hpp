// What is said of one replica of a service: its number here, what changes slowly about it, and what is held
// against it.
#pragma once

#include <cstdint>
#include <string>

#include <troupe/base/ids.hpp>

namespace troupe::balance {

/// A replica's place in everything that this room keeps; stable, and used anew after a removal.
using replica_index = std::uint32_t;

/// How far away a replica is: the value of the zone term.
enum class distance : std::uint8_t { this_node, same_zone, same_region, remote };

/// What changes slowly about a replica.
struct replica_facts {
  node_id node;
  std::string name;
  std::string address;
  balance::distance distance = balance::distance::same_zone;
  std::uint32_t weight = 100;  // for `weighted`; >= 1
};

/// Reasons not to pick a replica, as bits. The first two exclude it, the others are last resorts.
enum class standing : std::uint8_t {
  unreachable = 1,  // no link, or none that takes more
  absent = 2,       // the index is free
  draining = 4,     // picked when nothing else is left
  silent = 8,       // its link's keep-alive went unanswered
  suspected = 16,   // membership doubts it: a term of the score
  degraded = 32,    // its network or its workers are in trouble: half of that term
  outside = 64,     // beyond this router's aperture: a reason for having no link, nothing else
  mute = 128,       // answers no probes, so that it is sent none; nothing else
};

}  // namespace troupe::balance
