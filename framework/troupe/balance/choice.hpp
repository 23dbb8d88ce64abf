// What a pick is for, and what it came to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <troupe/balance/replica.hpp>
#include <troupe/base/ids.hpp>

namespace troupe::balance {

/// What a pick is for.
struct request {
  std::uint32_t group = 0;                 // of `replica_set::group_of`
  std::optional<std::uint64_t> key;        // affinity
  node_id only;                            // 0: any
  std::span<const replica_index> tried{};  // by this call
  std::span<const replica_index> among{};  // empty: all; else these only, ascending
  enum class again : bool { no, last_resort } tried_again = again::last_resort;
};

/// What was picked.
struct choice {
  replica_index replica = 0;
  std::uint32_t life = 0;  // of the index: an attempt outlives a replica's removal
  std::uint32_t group = 0;
  double score = 0;              // S of score.hpp, whatever the policy
  double depth = 1;              // requests per worker with this one, >= 1: what its latency is divided by
  std::uint32_t candidates = 0;  // among how many
  float runner_up = 0;           // the lowest S of the others, where the policy looked at it; else 0
  // With so many requests there already, another replica is the better one: it is to come back then (to
  // bounce), and finds the news with the answer. 0: never, as of every policy that compares no scores.
  std::uint32_t bounce_at = 0;
  enum class novelty : bool { fresh, tried } before = novelty::fresh;
};

}  // namespace troupe::balance
