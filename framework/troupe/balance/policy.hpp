// How one replica is chosen among several: one small class per policy, all over the same statistics.
//
// What may be picked at all (reachable, not barred, not tried before) is settled by `replica_set::pick` for
// every policy alike; a policy only prefers. To write your own, derive from `policy`, read what you need from
// the candidates, and return one of them. To add one to those that are chosen by name: a pair of files named
// after it, and a line in policies.def.
//
// Those that compare statistics agree on what statistics cannot tell: who wants a trial (a first call, or the
// one that ends an ejection) gets it as soon as it is looked at, since no comparison would ever send it
// there; and who is suspected, or still has its very first call under way, comes after all who are known. The
// others (turns, weights, chance, keys) give a new replica its share at once.
#pragma once

#include <memory>
#include <string_view>

#include <troupe/balance/candidates.hpp>
#include <troupe/balance/choice.hpp>
#include <troupe/balance/policy_kind.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

class policy {
 public:
  virtual ~policy() = default;
  virtual std::string_view name() const = 0;

  /// One of `among`, which is never empty. Must not allocate once the number of replicas is steady.
  virtual preference pick(const candidates& among, const request& what, random_source& random) = 0;
};

/// A built-in one. It serves one set of replicas.
std::unique_ptr<policy> make_policy(policy_kind kind);

#define TROUPE_POLICY(name) std::unique_ptr<policy> make_##name();
#include <troupe/balance/policies.def>

}  // namespace troupe::balance
