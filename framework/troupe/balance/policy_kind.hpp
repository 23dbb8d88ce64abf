// The names of the built-in policies, apart from the policies themselves: options, the command line and the
// schema compiler know what may be chosen without knowing how it chooses.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <troupe/base/result.hpp>

namespace troupe::balance {

/// What is preferred among the candidates; the rules and their sources are in policies.hpp.
enum class policy_kind : std::uint8_t {
  dynamic_score,        // the lowest score (score.hpp): latency, failures, load and distance together
  by_load,              // the least load per capacity
  by_latency,           // the least expected latency
  by_faults,            // the fewest failures; among equals the least load
  round_robin,          // each in turn
  weighted,             // in proportion to static weights, interleaved smoothly
  weighted_by_metrics,  // the same by weights that are measured: capacity * success / slowness
  random,               // uniformly
  least_loaded,         // of two drawn at random, the one with less load per capacity
  peak_ewma,            // of two drawn at random, the one with less expected latency
  consistent_hash,      // the key's owner by multi-probe hashing, with bounded load; else dynamic_score
  maglev,               // the key's owner by Maglev's table, with bounded load; else dynamic_score
  hcl,                  // Prequal's: the fastest of those that are not among the fullest
  c3,                   // C3's: the lowest sum of network time and service time * queue^3
};

/// All of them, in the order of the enumeration.
std::span<const policy_kind> policy_kinds();

std::string_view to_string(policy_kind value);
/// The same names. Errors: invalid_argument listing them.
result<policy_kind> parse_policy_kind(std::string_view text);

}  // namespace troupe::balance
