// How many others a request may meet at a replica before another one is surely the better choice: then it is
// to bounce, and be sent anew with the news that it brings (docs/decisions/0011-balking.md).
//
// As many as were expected there, and then as many as it takes until the next best would have been better by
// more than it costs to go there.
#pragma once

#include <cstdint>

#include <troupe/balance/options.hpp>

namespace troupe::balance {

/// Of the replica that was picked; times in seconds.
struct bounce_inputs {
  double expected = 1;  // requests there, with this one
  double workers = 1;   // >= 1
  double service = 0;   // what a request of the method takes to serve there
  double path = 0;      // signed
  double cost = 0;      // C_i
  double cost_median = 0;
  float score = 0;      // S
  float runner_up = 0;  // the lowest S of the others
};

/// >= 1.
std::uint32_t bounce_threshold(const bounce_inputs& of, const options& settings);

}  // namespace troupe::balance
