// Whether a hedge may be started: a second attempt at a call whose first is slower than the method's p95.
//
// A hedge buys a shorter tail with load. That is a bargain while capacity is there, and makes everything
// worse when it is not. So hedges are few (a budget of their own), and there are none at all while more
// than a quarter of the replicas are hot: then it is the service that is slow, not one replica.
//
// Source: Dean and Barroso, "The Tail at Scale" (2013).
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/base/time.hpp>
#include <troupe/retry/budget.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::routing {

class hedge_gate {
 public:
  hedge_gate(const retry::budget_terms& terms, time_point now) : budget_(terms, now) {}

  /// A call of the service began.
  void earn(time_point now) { budget_.earn(now); }

  /// What `replica` (the replica set's index) reported. It is hot for the next 2 s when it says that it is
  /// overloaded, or when requests there wait longer than they are served (and for 1 ms at least).
  void note(std::uint32_t replica, const rpc::load_report& load, time_point now);

  /// May one be started, with so many replicas there?
  bool is_open(std::uint32_t replicas, time_point now) const;
  /// Only where the gate is open.
  void spend(time_point now) { (void)budget_.spend(now); }

 private:
  retry::budget budget_;
  std::vector<time_point> hot_until_;  // by replica
};

}  // namespace troupe::routing
