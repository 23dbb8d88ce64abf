// The nodes that membership has reported, the links to them, and which replicas they are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <troupe/balance/replica_set.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>

namespace troupe::routing {

enum class node_status : std::uint8_t { serving, draining, gone };

/// One remote node (or this one) as membership reports it.
struct node_view {
  identity self;
  std::string name;
  std::string address;  // for explanations only
  std::string zone;
  node_status status = node_status::serving;
  bool suspected = false;  // a score term, never an exclusion
  bool degraded = false;   // likewise, half as much: packets to it get lost, or its workers lag
  struct service {
    std::string name;
    std::uint32_t weight = 100;
  };
  std::vector<service> services;
};

enum class link_state : std::uint8_t {
  idle,     // not wanted so far
  dialing,  // asked for
  up,
  broken,  // asked for again at `dial_at`
};

/// Whether a node understands the question for its load.
enum class probes : bool { ignored, answered };

struct node_state {
  identity self;
  std::string name;
  std::string address;
  node_status status = node_status::serving;
  link_state link = link_state::idle;
  bool congested = false;
  bool silent = false;
  routing::probes probes = routing::probes::answered;  // as its link last said
  bool suspected = false;
  bool degraded = false;
  time_point up_since{};
  time_point heard{};
  time_point dial_at = never;
  std::uint32_t dials_failed = 0;  // in a row
  std::string broken_why;          // of the last link_down
  time_point wanted_until{};       // by calls that had to go there, though it is in no window

  struct replica {
    service_ref service = 0;
    balance::replica_index index = 0;
    enum class place : bool { outside, window } in = place::window;  // of the service's aperture here
    bool is_outside() const { return in == place::outside; }
  };
  std::vector<replica> replicas;  // of each service at most one

  /// Null where the node does not serve it.
  replica* find(service_ref service) {
    const auto found = std::find_if(replicas.begin(), replicas.end(),
                                    [&](const replica& each) { return each.service == service; });
    return found != replicas.end() ? &*found : nullptr;
  }
  const replica* find(service_ref service) const { return const_cast<node_state*>(this)->find(service); }

  bool takes_calls() const { return link == link_state::up && !congested; }
};

class node_table {
 public:
  /// Null where it is not known.
  node_state* find(node_id id);
  const node_state* find(node_id id) const;
  node_state& add(node_id id);
  void erase(node_id id);

  auto begin() { return nodes_.begin(); }
  auto end() { return nodes_.end(); }
  auto begin() const { return nodes_.begin(); }
  auto end() const { return nodes_.end(); }

 private:
  std::unordered_map<node_id, node_state> nodes_;  // references stay valid while others come and go
};

/// "eu/a" and "eu/b" are two zones of the region "eu". An unknown zone counts as the same.
balance::distance distance_between(std::string_view one_zone, std::string_view other_zone);

}  // namespace troupe::routing
