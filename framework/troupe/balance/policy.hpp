// How one replica is chosen among several: one small class per policy, all over the same statistics.
//
// What may be picked at all (reachable, not barred, not tried before) is settled by `fleet::pick` for every
// policy alike; a policy only prefers. To write your own, derive from `policy`, read what you need from the
// fleet, and return one of the candidates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <troupe/balance/fleet.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/result.hpp>

namespace troupe::balance {

enum class policy_kind : std::uint8_t {
  dynamic_score,    // the lowest score (score.hpp), uniformly among those within options::tie of it
  round_robin,      // each in turn
  weighted,         // in proportion to static weights, interleaved smoothly (nginx's algorithm)
  least_loaded,     // of two drawn at random, the one with less load per capacity (Mitzenmacher 2001)
  consistent_hash,  // the key's owner by rendezvous hashing, with bounded load; without a key: dynamic_score
  random,           // uniformly
};

std::string_view to_string(policy_kind value);
/// The same names. Errors: invalid_argument listing them.
result<policy_kind> parse_policy_kind(std::string_view text);

class policy {
 public:
  virtual ~policy() = default;
  virtual std::string_view name() const = 0;

  /// One of `candidates`, which is never empty. Must not allocate once the number of replicas is steady.
  /// The fleet is not const because looking at an ejected replica may find that its time is over.
  virtual replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                             random_source& random) = 0;
};

std::unique_ptr<policy> make_policy(policy_kind kind);

}  // namespace troupe::balance
