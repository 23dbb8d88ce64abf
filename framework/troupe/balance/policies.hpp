// The built-in policies: each one's rule and where it comes from.
//
// Those that compare statistics agree on what statistics cannot tell: who wants a trial (a first call, or the
// one that ends an ejection) gets it as soon as it is looked at, since no comparison would ever send it
// there; and who is suspected, or still has its very first call under way, comes after all who are known. The
// others (turns, weights, chance, keys) give a new replica its share at once.
#pragma once

#include <array>
#include <vector>

#include <troupe/balance/maglev.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

/// The lowest score, uniformly among those within options::tie of it. With a key: its owner, while that is
/// dearer by no more than the weight of the term `affinity`. O(replicas / 64).
class dynamic_score final : public policy {
 public:
  std::string_view name() const override { return "dynamic_score"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;
};

// --- One quantity, the lowest of all -------------------------------------------------------------------

/// The least `burden`, uniformly among those within options::tie of it, relatively. O(replicas).
class least_burdened : public policy {
 public:
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) final;

 protected:
  /// > 0, for the method group of the pick under way.
  virtual double burden(const replica_set& replicas, replica_index replica) const = 0;

 private:
  std::vector<double> burdens_;  // of the candidates, in their order
};

/// The load term alone: (R_i + 1) / K_i, requests there per request it can serve at once. Envoy's and nginx's
/// "least request" over all, with the load of the other callers counted.
class by_load final : public least_burdened {
 public:
  std::string_view name() const override { return "by_load"; }

 protected:
  double burden(const replica_set& replicas, replica_index replica) const override;
};

/// The cost term without its failures: L_i, the time that a request takes there with its queue, in s; plus
/// options::cost_floor, so that differences well below that count as none.
class by_latency final : public least_burdened {
 public:
  std::string_view name() const override { return "by_latency"; }

 protected:
  double burden(const replica_set& replicas, replica_index replica) const override;
};

/// C3's ranking (Suresh and others, NSDI'15, section 3.1): network time + service time * q^3, in s, where q =
/// 1 + R_i is the queue that a request would join. Without C3's rate control, which slows callers down.
class c3 final : public least_burdened {
 public:
  std::string_view name() const override { return "c3"; }

 protected:
  double burden(const replica_set& replicas, replica_index replica) const override;
};

/// The cost term's failures alone: the highest smoothed share of successes p_i of the method group; of those
/// within options::tie of it, the one with the least load. O(replicas).
class by_faults final : public policy {
 public:
  std::string_view name() const override { return "by_faults"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  by_load among_equals_;
  std::vector<double> failing_;  // of the candidates, in their order
  std::vector<replica_index> equals_;
};

/// Prequal's hot-cold lexicographic rule (Wydrowski and others, NSDI'24, section 4): in a pool of 16 drawn at
/// random, as large as Prequal's pool of probes, those with more requests in flight than the pool's quantile
/// Q are hot; of the cold, the one with the least expected latency. Q = 2^-0.25, the paper's. O(16).
class hcl final : public policy {
 public:
  std::string_view name() const override { return "hcl"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  static constexpr std::uint32_t pool_max = 16;
  by_latency among_cold_;
  std::array<replica_index, pool_max> pool_;
};

// --- One quantity, the lower of two --------------------------------------------------------------------

/// Of two drawn at random, the one with the lesser `burden` (Mitzenmacher, The power of two choices, 2001):
/// near the best of all, without the herd that runs to the best. O(1).
class two_choices : public policy {
 public:
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) final;

 protected:
  virtual double burden(const replica_set& replicas, replica_index replica) const = 0;
};

/// By (R_i + 1) / K_i, requests there per request it can serve at once.
class least_loaded final : public two_choices {
 public:
  std::string_view name() const override { return "least_loaded"; }

 protected:
  double burden(const replica_set& replicas, replica_index replica) const override;
};

/// By L_i, in s: Finagle's and Linkerd's rule, peak EWMA of the round trip * (pending + 1), where service
/// time, queue and path are told apart and others' requests count. As there, a failure has no price of its
/// own: ejection is what keeps calls from who fails fast.
class peak_ewma final : public two_choices {
 public:
  std::string_view name() const override { return "peak_ewma"; }

 protected:
  double burden(const replica_set& replicas, replica_index replica) const override;
};

// --- Turns, weights, chance ----------------------------------------------------------------------------

/// Each in turn, in the order of their indices. O(log replicas).
class round_robin final : public policy {
 public:
  std::string_view name() const override { return "round_robin"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  replica_index next_ = 0;
};

/// In proportion to weights and interleaved smoothly, without bursts: each earns its weight at every pick,
/// who has most is picked and pays the sum of the weights (nginx's smooth weighted round robin). O(replicas).
class in_proportion : public policy {
 public:
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) final;

 protected:
  /// > 0.
  virtual double weight(const replica_set& replicas, replica_index replica) const = 0;

 private:
  std::vector<double> credit_;  // by replica
};

/// By the weight that each node states for the service (replica_facts::weight).
class weighted final : public in_proportion {
 public:
  std::string_view name() const override { return "weighted"; }

 protected:
  double weight(const replica_set& replicas, replica_index replica) const override;
};

/// By K_i * p_i / rho_i: how many it serves at once, how many of them succeed, and how fast it is compared
/// with its peers. gRPC's weighted_round_robin weighs by rate / utilisation (proposal A58), which feeds on
/// itself; nothing here depends on how much a replica was given.
class weighted_by_metrics final : public in_proportion {
 public:
  std::string_view name() const override { return "weighted_by_metrics"; }

 protected:
  double weight(const replica_set& replicas, replica_index replica) const override;
};

/// Uniformly. O(1).
class uniform_random final : public policy {
 public:
  std::string_view name() const override { return "random"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;
};

// --- Keys ----------------------------------------------------------------------------------------------

/// The key's owner by multi-probe consistent hashing (key_ring.hpp), so that a replica that leaves moves only
/// its own keys, with the bounded loads of Mirrokni, Thorup and Zadimoghaddam (2018). Without a key, or with
/// all owners too full: dynamic_score. O(1).
class consistent_hash final : public policy {
 public:
  std::string_view name() const override { return "consistent_hash"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  dynamic_score without_key_;
};

/// The same by Maglev's table (maglev.hpp). The table holds every replica that there is: who is no candidate
/// for now, or too full, is passed over key by key, so that nobody else's keys move. O(1), and a millisecond
/// or so at the first pick after a replica has come or gone.
class maglev final : public policy {
 public:
  std::string_view name() const override { return "maglev"; }
  replica_index pick(replica_set& replicas, std::span<const replica_index> candidates, const request& what,
                     random_source& random) override;

 private:
  void build(const replica_set& replicas);

  dynamic_score otherwise_;
  maglev_table table_;
  std::vector<maglev_table::member> members_;
  std::uint64_t generation_ = 0;  // of the set that the table was built of
};

}  // namespace troupe::balance
