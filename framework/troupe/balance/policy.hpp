// How one replica is chosen among several: one small class per policy, all over the same statistics.
//
// What may be picked at all (reachable, not barred, not tried before) is settled by `replica_set::pick` for
// every policy alike; a policy only prefers. To write your own, derive from `policy`, read what you need from
// the set, and return one of the candidates.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <troupe/balance/policy_kind.hpp>
#include <troupe/balance/replica_set.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

class policy {
 public:
  virtual ~policy() = default;
  virtual std::string_view name() const = 0;

  /// One of `candidates`, which is never empty. Must not allocate once the number of replicas is steady.
  /// The set is not const because looking at an ejected replica may find that its time is over.
  virtual replica_index pick(replica_set& replicas, std::span<const replica_index> candidates,
                             const request& what, random_source& random) = 0;
};

/// A built-in one; policies.hpp has them. It serves one set of replicas.
std::unique_ptr<policy> make_policy(policy_kind kind);

}  // namespace troupe::balance
