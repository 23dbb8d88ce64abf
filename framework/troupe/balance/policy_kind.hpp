// The names of the built-in policies, apart from the policies themselves: options, the command line and the
// schema compiler know what may be chosen without knowing how it chooses.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <troupe/base/option_list.hpp>
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

/// The names, in the order of the enumeration.
inline constexpr std::array policy_names = {
    option_choice{"dynamic_score", policy_kind::dynamic_score},
    option_choice{"by_load", policy_kind::by_load},
    option_choice{"by_latency", policy_kind::by_latency},
    option_choice{"by_faults", policy_kind::by_faults},
    option_choice{"round_robin", policy_kind::round_robin},
    option_choice{"weighted", policy_kind::weighted},
    option_choice{"weighted_by_metrics", policy_kind::weighted_by_metrics},
    option_choice{"random", policy_kind::random},
    option_choice{"least_loaded", policy_kind::least_loaded},
    option_choice{"peak_ewma", policy_kind::peak_ewma},
    option_choice{"consistent_hash", policy_kind::consistent_hash},
    option_choice{"maglev", policy_kind::maglev},
    option_choice{"hcl", policy_kind::hcl},
    option_choice{"c3", policy_kind::c3},
};

/// All of them, in the order of the enumeration.
std::span<const policy_kind> policy_kinds();

std::string_view to_string(policy_kind value);
/// The same names. Errors: invalid_argument listing them, and saying which one was probably meant.
result<policy_kind> parse_policy_kind(std::string_view text);

}  // namespace troupe::balance
