// The built-in policies. policy.hpp says what each prefers.
#pragma once

#include <vector>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class dynamic_score final : public policy {
 public:
  std::string_view name() const override { return "dynamic_score"; }
  replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  std::vector<double> scores_;
};

/// Karger's problem by Thaler and Ravishankar's rendezvous hashing (1998), so that a replica that leaves
/// moves only its own keys, with the bounded loads of Mirrokni, Thorup and Zadimoghaddam (2018).
class consistent_hash final : public policy {
 public:
  std::string_view name() const override { return "consistent_hash"; }
  replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  dynamic_score without_key_;
};

class round_robin final : public policy {
 public:
  std::string_view name() const override { return "round_robin"; }
  replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  replica_index next_ = 0;
};

class smooth_weighted final : public policy {
 public:
  std::string_view name() const override { return "weighted"; }
  replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  std::vector<double> credit_;
};

class least_loaded final : public policy {
 public:
  std::string_view name() const override { return "least_loaded"; }
  replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;
};

class uniform_random final : public policy {
 public:
  std::string_view name() const override { return "random"; }
  replica_index pick(fleet& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;
};

/// Whom `key` belongs to among `candidates`: the highest hash; with `load_max`, of those whose R_i + 1 is at
/// most so many times the mean (at least 1 request), or the highest of all when there is none.
replica_index owner_of(const fleet& replicas, std::span<const replica_index> candidates, std::uint64_t key,
                       double load_max);

}  // namespace troupe::balance
