// For policies that look at one quantity of two candidates: the lower of two drawn at random wins.
//
// Source: Mitzenmacher, The power of two choices in randomized load balancing, 2001. Near the best of all,
// without the herd that runs to the best.
#pragma once

#include <cstdint>

#include <troupe/balance/candidates.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

/// Of two drawn at random, who wants a trial; else the one that is not doubtful; else the one with the lesser
/// `burden(replica)`. O(1).
template <class Burden>
replica_index lower_of_two(const candidates& among, random_source& random, Burden burden) {
  const std::uint32_t count = among.size();
  if (count == 1) return among[0];
  const std::uint32_t first = random.below(count);
  const std::uint32_t second = random.below(count - 1);
  const replica_index a = among[first];
  const replica_index b = among[second + (second >= first ? 1 : 0)];
  if (among.wants_trial(a)) return a;
  if (among.wants_trial(b)) return b;
  const bool doubt = among.is_doubtful(a);
  if (doubt != among.is_doubtful(b)) return doubt ? b : a;
  // A branch that is guessed: as a conditional move, all that follows the pick would wait for both burdens.
  const bool first_wins = burden(a) <= burden(b);
  return __builtin_expect_with_probability(first_wins, 1, .995) ? a : b;
}

}  // namespace troupe::balance
