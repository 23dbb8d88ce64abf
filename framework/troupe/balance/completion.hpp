// The end of one attempt at a replica: what the replica's evidence is made of.
#pragma once

#include <cstdint>

#include <troupe/base/time.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::balance {

/// How an attempt ended, as far as the replica is to blame.
enum class outcome : std::uint8_t {
  success,     // answered with results
  error,       // answered with an error of the application's: its own business, unless its peers have none
  failure,     // answered with a sign of illness, or not at all by a deadline that left it time
  overloaded,  // refused for lack of capacity: cuts its capacity, is no failure
  bounced,     // met as many others as `choice::bounce_at` said, and came back unexecuted
  withdrawn,   // nobody waited any more; its latency is at least its age
  lost,        // with its link; the link's break is counted once, by `link_broke`
};

/// One end of one attempt.
struct completion {
  std::uint32_t group = 0;  // of `replica_set::group_of`
  time_point started{};
  double depth = 1;  // of the choice that led to it
  balance::outcome outcome = balance::outcome::success;
  const rpc::load_report* load = nullptr;
};

}  // namespace troupe::balance
