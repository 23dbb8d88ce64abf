// What the core tells its actor: members, whole, and what happened to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/time.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::membership {

/// One node as another one sees it, everything brought together.
struct member {
  identity self;
  std::uint64_t incarnation = 0;
  membership::state state = membership::state::alive;
  membership::mode mode = membership::mode::joining;
  std::string name;
  endpoint address;
  registration document;
  time_point since{};              // when `state` last changed here
  node_id accuser;                 // who said suspect or dead
  duration round_trip{0};          // smoothed; 0 until measured
  std::uint8_t worker_lag = 0;     // as it says itself: 0, its workers keep up, to `worker_lag_max`
  bool degraded = false;           // packets to or from it get lost, say enough independent observers
  std::vector<node_id> observers;  // who says so, also while they are too few
};

/// Why the actor is told of a member. Every change is one event, and `subject` is the new truth whole.
enum class event_kind : std::uint8_t {
  joined,   // a new node, or a new life of a known one: a higher epoch supersedes the old process
  changed,  // its mode, address, document, lag, or whether it is degraded
  suspected,
  refuted,  // alive again, after suspect or dead, in the same life
  died,
  left,       // of itself: it left, or another process has taken its name; either way it must stop
  forgotten,  // dead or left for long; no longer in members()
};
std::string_view to_string(event_kind value);

struct event {
  event_kind kind;
  member subject;  // as it is after the event
};

}  // namespace troupe::membership
