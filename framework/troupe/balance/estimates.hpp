// What is expected of each replica for the methods of one group at one moment: who is there and what is known
// of it, read as the quantities that scores and policies compare. A view: it keeps nothing.
//
// The names of the quantities (R_i, K_i, L_i, C_i, p_i) are those of score.hpp, their formulas are in
// expectation.hpp.
#pragma once

#include <algorithm>
#include <cstdint>

#include <troupe/balance/evidence.hpp>
#include <troupe/balance/expectation.hpp>
#include <troupe/balance/presence.hpp>
#include <troupe/balance/score.hpp>

namespace troupe::balance {

class estimates {
 public:
  /// As of the last look at `method`. All must outlive it.
  estimates(const options& settings, const presence& everyone, const evidence& known,
            const method_evidence& method)
      : settings_(&settings), everyone_(&everyone), known_(&known), method_(&method) {}

  const options& settings() const { return *settings_; }
  /// All replicas, whether they may be picked or not.
  const presence& everyone() const { return *everyone_; }
  const moment& now() const { return method_->at(); }

  // --- Quantities ---

  std::uint32_t own_in_flight(replica_index i) const { return known_->of(i).own; }
  /// R_i: requests there, ours (counted also for the other routers that choose as we do) and others'.
  double load(replica_index i) const { return expected_load(known_->of(i), now()); }
  /// K_i: how many it can serve at once, while it is cold or has just refused for overload: fewer.
  double capacity(replica_index i) const {
    return expected_capacity(known_->of(i), now().seconds, *settings_);
  }
  /// (R_i + 1) / K_i: requests there, with one more, per request it can serve at once.
  double fullness(replica_index i) const { return (load(i) + 1) / capacity(i); }
  /// L_i in seconds: what a request takes there, failures left out.
  double latency(replica_index i) const { return expected_latency(known_->of(i), now(), *settings_); }
  /// C_i in seconds: what a request costs there, failures included. Unseen: at least the 75th percentile of
  /// all.
  double cost(replica_index i) const {
    if (!known_->of(i).tried) return now().cost_upper;
    const double expected = expected_cost(known_->of(i), method_->counts(i), now(), *settings_);
    return is_unseen(i) ? std::max(expected, now().cost_upper) : expected;
  }
  /// rho_i: how much longer it serves a request than a usual replica does; 1 when unknown.
  double slowness(replica_index i) const {
    return expected_service(known_->of(i), now(), now().seconds, *settings_) / now().service;
  }
  /// p_i: its share of successes.
  double success(replica_index i) const { return method_->counts(i).success(now(), *settings_); }
  /// Requests per worker with one more, >= 1.
  double depth(replica_index i) const { return expected_depth(known_->of(i), now()); }

  // --- Standing ---

  /// Never answered since it was added.
  bool is_unseen(replica_index i) const { return known_->of(i).is_unseen(); }
  /// Nothing, or nothing good, is known of it yet: it is suspected, or its very first call is under way.
  bool is_doubtful(replica_index i) const {
    return everyone_->is(i, standing::suspected) || (is_unseen(i) && own_in_flight(i) > 0);
  }
  /// Its very first call, or the one that ends an ejection, may be sent now. A first call that failed, or was
  /// refused, is followed by none that is free: what it told counts like everybody's.
  bool wants_trial(replica_index i) const {
    return !everyone_->is(i, standing::suspected) &&
           (known_->silence().wants_trial(i) || method_->ejection().wants_trial(i) || !known_->of(i).tried);
  }
  /// Silent, ejected, or probing with its one call under way.
  bool is_barred(replica_index i) const {
    return everyone_->is(i, standing::silent) || known_->silence().bars(i) || method_->ejection().bars(i);
  }

  // --- Score ---

  score_inputs inputs(replica_index i) const;
  term_values terms(replica_index i) const { return terms_of(inputs(i)); }
  /// S; -1: it wants a trial, which comes before all scores.
  float computed_score(replica_index i) const;

 private:
  const options* settings_;
  const presence* everyone_;
  const evidence* known_;
  const method_evidence* method_;
};

}  // namespace troupe::balance
