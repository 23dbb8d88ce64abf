// What is to be expected of a replica at a given moment: the formulas behind the score (score.hpp), each as
// written there, over what is known of the replica and of its peers. Times are in seconds.
//
// Inline, since a policy that compares everybody evaluates them for everybody.
#pragma once

#include <algorithm>

#include <troupe/balance/moment.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/balance/outcome_counts.hpp>
#include <troupe/balance/replica_evidence.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::balance {

/// Others' requests there: as reported, fading toward the median of all.
inline double expected_others(const replica_evidence& of, const moment& at) {
  if (of.reported < 0) return at.others_median;
  const double kept = faded((at.seconds - of.reported) * at.report_fading);
  return of.others * kept + at.others_median * (1 - kept);
}

/// R_i: requests there, ours (counted also for the other routers that choose as we do) and others'.
inline double expected_load(const replica_evidence& of, const moment& at) {
  return of.own * at.own_scale + expected_others(of, at);
}

/// Requests per worker with one more, >= 1: how many times its service time that one takes.
inline double expected_depth(const replica_evidence& of, const moment& at) {
  return std::max(1., (expected_load(of, at) + 1) / of.workers);
}

/// A mean request's, as of `seconds`: toward the usual without news, so that a replica that has recovered is
/// found out, not remembered; and by as much as differences are trusted.
inline double expected_service(const replica_evidence& of, const moment& at, double seconds,
                               const options& settings) {
  if (of.service <= 0) return at.service;
  const double kept = faded(std::max(seconds - of.service_at, 0.) / to_seconds(settings.latency_decay));
  return at.service + (of.service - at.service) * kept * at.trust;
}

/// What of a round trip is neither wait nor service, signed. `usual`: its peers'. The first answers of a
/// process come late (connections, code that nobody has touched yet): the fewer there were, the sooner they
/// are forgotten.
inline double expected_path(const replica_evidence& of, double usual, double seconds,
                            const options& settings) {
  constexpr double samples_many = 10;  // what fewer say is forgotten sooner, in proportion
  if (of.is_unseen()) return usual;
  const double memory = to_seconds(settings.latency_decay) * std::clamp(of.samples / samples_many, .1, 1.);
  const double kept = faded((seconds - of.last_answer) / memory);
  return of.path * kept + usual * (1 - kept);
}

/// L_i: what a request takes there, failures left out; more where calls in flight are late.
inline double expected_latency(const replica_evidence& of, const moment& at, const options& settings) {
  constexpr double patience = 2;  // a call in flight for longer than so many expected latencies is late
  const double path = std::max(expected_path(of, at.path, at.seconds, settings), 0.);
  const double service = expected_service(of, at, at.seconds, settings);
  const double usual = path + service * at.weight * expected_depth(of, at);
  if (of.own == 0) return usual;
  const double mean_age = at.seconds - of.own_started / of.own;
  return usual + std::max(0., mean_age - patience * usual);
}

/// C_i = (L_i + (1 - p_i) P) / max(p_i, .02): what a success costs there.
inline double expected_cost(const replica_evidence& of, const outcome_counts& counts, const moment& at,
                            const options& settings) {
  constexpr double success_min = .02;  // bounds what a failure can cost: 50 tries
  const double p = counts.success(at, settings);
  return (expected_latency(of, at, settings) + (1 - p) * at.penalty) / std::max(p, success_min);
}

/// K_i: how many it can serve at once, while it is cold or has just refused for overload: fewer.
inline double expected_capacity(const replica_evidence& of, double seconds, const options& settings) {
  constexpr double cold_share = .25;
  double share = 1;
  if (of.warm_since >= 0 && settings.warm_up > 0s) {
    const double warmth = (seconds - of.warm_since) / to_seconds(settings.warm_up);
    share = std::min(1., cold_share + (1 - cold_share) * warmth);
  }
  if (of.shed > 0) share *= 1 - of.capacity_cut(seconds);
  return std::min(of.workers, of.limit) * share;
}

}  // namespace troupe::balance
