// Prequal: power of d choices among recent probes, ranked by requests in flight and latency.
//
// Each request sends probes to a few random servers, not to wait for them but for those that follow; the
// answers make a small pool. A pooled probe is hot when its requests in flight (RIF) exceed the Q_RIF
// quantile of what probes said lately. Hot-cold lexicographic rule: the lowest latency among the cold, and if
// all are hot, the lowest RIF. A probe wears out: by age, by use, by eviction of the oldest and of the worst
// in turn.
//
// Source: Wydrowski, Kleinberg, Rumble, Archer, "Load is not what you should balance: Introducing Prequal",
// NSDI 2024, section 4 (probing, pool, reuse, HCL) and 5.3 (the linear rules that HCL is compared with);
// where it leaves something open, the crate prequal-core (github.com/prequal-rs/prequal).
//
// The paper's servers answer a probe with the median latency of recent requests that met about the same RIF.
// Troupe's load report has no such table; the estimate is service_time * max(1, (in_flight + 1) / workers),
// what a request that arrives now would meet. It is fresher than a median of the past, so it flatters the
// contender if anything.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "../contender.hpp"

namespace troupe::simulator {

struct pooled_probe {
  server_index from = 0;
  time_point at{};
  std::uint32_t rif = 0;
  double latency = 0;  // s, estimated
  double service = 0;  // s, as reported
  std::uint32_t uses_left = 1;
};

/// A few probes, at most one a server. All operations are linear in its size.
class probe_pool {
 public:
  static constexpr std::size_t nothing = ~std::size_t{0};

  explicit probe_pool(std::size_t capacity) : capacity_(capacity) { probes_.reserve(capacity + 1); }

  /// Replaces the server's earlier probe; over capacity, the oldest goes.
  void add(const pooled_probe& probe);
  void drop_older_than(time_point when);
  void drop_from(server_index which);
  void drop(std::size_t index);
  /// One more request is there than the probe knew of; the last use removes it.
  void use(std::size_t index);
  void widen(std::size_t capacity) { capacity_ = std::max(capacity_, capacity); }

  std::size_t size() const { return probes_.size(); }
  const pooled_probe& operator[](std::size_t index) const { return probes_[index]; }

  /// The index of the least by `before(a, b)` among those with `eligible(server)`, or `nothing`.
  template <class Before, class Eligible>
  std::size_t first(Before before, Eligible eligible) const {
    std::size_t chosen = nothing;
    for (std::size_t i = 0; i < probes_.size(); ++i)
      if (eligible(probes_[i].from) && (chosen == nothing || before(probes_[i], probes_[chosen]))) chosen = i;
    return chosen;
  }

 private:
  std::size_t capacity_;
  std::vector<pooled_probe> probes_;
};

/// RIF of recent probes, for a quantile at the cost of a binary search.
class rif_history {
 public:
  void add(std::uint32_t rif);
  /// The largest RIF that is still cold at quantile `q` in [0, 1]; everything is when nothing is known.
  std::uint32_t threshold(double q) const;

 private:
  static constexpr std::size_t capacity = 64;  // prequal-core: rif_history
  std::vector<std::uint32_t> recent_;          // a ring
  std::size_t next_ = 0;
  std::vector<std::uint32_t> sorted_;
};

struct prequal_options {
  // How probes rank: Prequal's own rule, a weighted sum of latency and RIF, C3's score.
  enum class rule : std::uint8_t { hot_cold, linear, c3 };
  enum class reports : bool { ignored, pooled };  // load reports on replies
  enum class failures : bool { ignored, eject };  // five in a row: out, for 1 s and doubling (prequal-core)

  // What stands for a server's latency: what its service time and RIF make of a request that arrives now, or
  // what recent requests took, waiting and being served.
  enum class estimate : std::uint8_t { modelled, measured };

  double probes = 3;       // a request (section 4, r_probe)
  double removals = 1;     // a request (r_remove)
  double hot_above = .84;  // Q_RIF = 2^-0.25 (section 5)
  rule ranking = rule::hot_cold;
  estimate latency = estimate::modelled;
  double rif_share = .5;  // lambda of the linear rule: (1 - lambda) * latency + lambda * alpha * RIF
  reports replies = reports::ignored;
  failures upon_failure = failures::ignored;
};

/// b_reuse = max(1, (1 + delta) / ((1 - m/n) * r_probe - r_remove)), delta 1; at most 16, also where the
/// probes cannot keep up and the formula has no meaning (prequal-core: max_reuse).
double prequal_reuse(double pool, double servers, double probes, double removals);

/// Bounds: shares and quantiles in [0, 1], rates >= 0.
std::unique_ptr<contender> make_prequal(const contest& of, std::uint64_t seed, const prequal_options& how);

/// YARP's Po2C as Prequal describes it (section 5.2): two at random, the lower RIF by what each said when it
/// was last polled, every 500 ms.
std::unique_ptr<contender> make_yarp_p2c(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
