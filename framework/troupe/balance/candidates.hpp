// What a policy is shown: the replicas that one pick may choose among, and what is expected of each.
//
// Who is unreachable, barred, draining or was tried before is left out already, as long as anybody else is
// there. A policy reads, and returns its preference; nothing that it calls changes anything.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <troupe/balance/estimates.hpp>
#include <troupe/balance/shortlist.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

/// What a policy answers.
struct preference {
  replica_index replica = 0;  // one of the candidates
  float runner_up = 0;        // the lowest S of the others, where it looked at it; else 0
};

/// Ascending indices, at least one. The quantities are those of estimates.hpp.
class candidates : public estimates {
 public:
  /// All on the list, or the part of all replicas that `narrow` found. `scratch` holds scores during a draw.
  candidates(const estimates& at, const shortlist& kept, std::vector<float>& scratch)
      : estimates(at), list_(kept.all()), kept_(&kept), scratch_(&scratch), whole_(true) {}
  candidates(const estimates& at, const shortlist& kept, std::span<const replica_index> narrowed,
             std::vector<float>& scratch)
      : estimates(at), list_(narrowed), kept_(&kept), scratch_(&scratch), whole_(false) {}

  /// Some of these. REQUIRES: at least one; `some` outlives what is returned, and is ascending where
  /// `contains` or `owner` is asked.
  candidates only(std::span<const replica_index> some) const { return {*this, *kept_, some, *scratch_}; }

  std::uint32_t size() const { return static_cast<std::uint32_t>(list_.size()); }
  bool empty() const { return list_.empty(); }
  replica_index operator[](std::size_t n) const { return list_[n]; }
  std::span<const replica_index>::iterator begin() const { return list_.begin(); }
  std::span<const replica_index>::iterator end() const { return list_.end(); }
  /// O(1) where all that may be picked are candidates, else O(log size).
  bool contains(replica_index i) const {
    return whole_ ? kept_score(i) != scoreboard::out : std::binary_search(list_.begin(), list_.end(), i);
  }

  // --- Scores ---

  /// S, as old as shortlist.hpp lets it be; -1: it wants a trial, which comes before all scores.
  float score(replica_index i) const {
    const float kept = kept_score(i);
    return kept == scoreboard::out ? computed_score(i) : kept;
  }
  /// The same; scoreboard::out for who is not on the list of all that may be picked.
  float kept_score(replica_index i) const { return kept_->scores()[i]; }
  /// The lowest S; -1: one wants a trial. O(size / 64) where all that may be picked are candidates.
  float lowest_score() const;
  /// One with a score within options::tie of the lowest, uniformly, and the best of the others. As
  /// `lowest_score`.
  preference draw_lowest(random_source& random) const;

  // --- Keys ---

  /// Who of them has the key, or had it if those before were not too full: R_i + 1 is at most `fullest`.
  /// Nothing when all are too full. O(1).
  std::optional<replica_index> owner(std::uint64_t key) const;
  /// What R_i + 1 may be at most for a replica that takes a key's request.
  double fullest() const { return std::max(1., settings().affinity_load_max * (now().load_mean + 1)); }

 private:
  std::span<const replica_index> list_;
  const shortlist* kept_;
  std::vector<float>* scratch_;
  bool whole_;  // the list is the kept one
};

}  // namespace troupe::balance
