// The score: S = sum of w_i * s_i over seven terms, every s_i in [0, 1]; the lowest S wins.
//
// The intuition: a replica's price is how long a request is expected to take there, failures paid for by
// their consequences (`cost`), plus how full it is (`load`), because a long queue is a risk that the
// expectation does not show. The other terms are reasons of another kind, as 0 or 1 with a weight.
//
// A linear mix of latency and load is worse than load alone (Prequal, NSDI'24, section 5.3); this is none:
// `cost` is C3's and peak EWMA's product of service time and queue, corrected for failures, and both terms
// saturate, so that no single one can drown the others.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <troupe/balance/options.hpp>
#include <troupe/balance/replica.hpp>

namespace troupe::balance {

enum class score_term : std::size_t {
  /// 1 while the replica is ejected, is being tried again by one call, or its link does not answer; else 0.
  barred,
  /// 1 while nothing ever came back from it and its very first call is under way, or its node is suspected;
  /// else 0.
  unseen,
  /// x / (1 + x), x = (C_i + floor) / (median C + floor), all s; floor: options::cost_floor.
  /// C_i = (L_i + (1 - p_i) P) / max(p_i, .02): the expected time to a success.
  /// L_i = path_i + service_i * weight(method) * max(1, (R_i + 1) / workers_i), plus what calls in flight
  /// have waited beyond twice that. service_i: its worker time per request as reported, fading toward the
  /// median with options::latency_decay, by as much as such differences last (trust.hpp). R_i: requests
  /// there, ours and others'. p_i: smoothed share of successes of the method group, without the errors that
  /// it
  /// has more of than its peers (outcome_counts.hpp), less after a surprising failure (options::doubt). P =
  /// max(p99, 10 medians) of the round trip. Unseen: at least the
  /// 75th percentile.
  cost,
  /// u / (1 + u), u = (R_i + 1) / K_i, requests per request it can serve at once.
  load,
  /// 0 this node, .25 same zone, .6 same region, 1 elsewhere.
  zone,
  /// With a key: 0 for its owner while the owner's R_i + 1 is at most 1.25 of the mean, 1 for all others.
  /// Without: 0.
  affinity,
  /// 1 while membership suspects its node, .5 while that node is degraded (several others see its packets
  /// lost, or its own workers lag); else 0.
  suspected,
};
inline constexpr std::size_t score_terms = 7;

using term_values = std::array<double, score_terms>;

std::string_view to_string(score_term term);

/// What the terms are made of.
struct score_inputs {
  bool barred = false;
  bool unproven = false;  // the term `unseen`
  double cost = 0;        // C_i, s
  double cost_median = 0;
  double cost_floor = 0;
  double load = 0;      // R_i
  double capacity = 1;  // K_i
  balance::distance distance = balance::distance::same_zone;
  bool suspected = false;
  bool degraded = false;
};

/// s_i of one replica. The affinity term is left 0: whose key it is depends on who else may be picked, and is
/// looked at by the policies that mind keys.
term_values terms_of(const score_inputs& of);

/// S, in the order of the enumeration.
double sum_of(const weights& w, const term_values& s);

/// The weight of a term.
double weight_of(const weights& all, score_term term);

}  // namespace troupe::balance
