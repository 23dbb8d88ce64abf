// Why a replica is chosen or not, as plain values: what `troupe explain SERVICE` prints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

/// One summand of a score: contributes value * weight.
struct term {
  std::string_view name;  // of static storage
  double value = 0;       // in [0, 1]
  double weight = 0;
};

/// One replica as the next pick would see it.
struct candidate {
  node_id node;
  std::string name;
  std::string address;
  std::vector<term> terms;
  double score = 0;             // the sum; lowest wins
  std::uint32_t in_flight = 0;  // own calls only
  double share = 0;             // of this service's picks in the last 10 s or so, in [0, 1]
  time_point ejected_until{};   // zero: not ejected
  std::string why;  // why it is not picked now: "ejected: 5 failures in a row"; empty if it may be
};

struct explanation {
  std::string service;
  std::string policy;
  std::vector<candidate> candidates;  // best first
};

}  // namespace troupe::balance
