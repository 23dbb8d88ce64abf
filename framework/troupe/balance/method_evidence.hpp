// What is known of the methods of one group: who fails at them, how long they take, and the moment that the
// next pick for one of them is made at.
//
// Methods differ in how much there is to serve, and one may fail where the others do not. So outcomes and
// ejections are by replica and group, while load and speed are by replica (replica_evidence.hpp); what a
// group's requests take beside the mean request is one factor, its weight.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <troupe/balance/ejection.hpp>
#include <troupe/balance/latency_histogram.hpp>
#include <troupe/balance/moment.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/balance/outcome_counts.hpp>
#include <troupe/balance/replica.hpp>
#include <troupe/balance/replica_evidence.hpp>
#include <troupe/balance/usual.hpp>

namespace troupe::balance {

/// Times in double are seconds since the evidence began.
class method_evidence {
 public:
  /// `settings` must outlive it. `salt` spreads the ends of time outs over routers and groups.
  method_evidence(const options& settings, std::uint64_t salt);

  /// A replica without history at `replica`, or none. Grows as needed.
  void reset(replica_index replica, bool present);

  // --- Evidence ---

  void count(replica_index replica, outcome_counts::end how, double seconds);
  /// It is back from an ejection: what was known of its successes was before.
  void forget_outcomes(replica_index replica, double seconds) { counts_[replica] = {0, 0, seconds}; }
  /// A request took `trip` in all and `served` to serve, at a replica that takes `usually` for a mean one.
  struct timing {
    duration trip;
    double served;
    double usually;
  };
  void learn(const timing& of, time_point now, double seconds);
  /// Whether a round trip took many times what is usual at such a depth and over such a path.
  bool is_slow(double trip, double depth, double usual_path) const;
  balance::ejection& ejection() { return ejection_; }

  // --- The moment ---

  /// Replicas have come or gone: the medians are to be refreshed at the next look.
  void forget() { refreshed_ = -1; }
  bool is_due(double seconds, double every) const { return refreshed_ < 0 || seconds - refreshed_ >= every; }
  /// What is usual, as of now; `trust` of trust.hpp. A pass over all replicas; `scratch` is overwritten.
  void refresh(const usual& of, double trust, std::span<const replica_evidence> all, double seconds,
               std::vector<double>& scratch);
  /// What is taken at every look.
  void look(double seconds, const usual& of, std::size_t replicas) {
    at_.seconds = seconds;
    at_.path = of.path();
    at_.load_mean = of.load_mean(replicas);
  }

  // --- Seeing ---

  /// As of the last look.
  const moment& at() const { return at_; }
  /// Whether the moment's `weight` and `base` are measurements.
  bool is_measured() const { return measured_; }
  const balance::ejection& ejection() const { return ejection_; }
  const outcome_counts& counts(replica_index replica) const { return counts_[replica]; }
  /// Of round trips, over the last ten seconds or so; 0 when unknown.
  duration p50() const { return p50_; }
  duration p95() const { return p95_; }
  duration p99() const { return p99_; }

 private:
  void refresh_errors(std::vector<double>& scratch);
  void refresh_costs(std::span<const replica_evidence> all, std::vector<double>& scratch);

  const options* settings_;
  balance::ejection ejection_;
  std::vector<outcome_counts> counts_;  // by replica
  latency_histogram round_trip_;
  double served_ = 0,
         usually_served_ = 0;  // fading sums of service times: the group's, and the mean request's
  double weighed_ = 0;         // when these were true
  bool measured_ = false;
  moment at_;
  double refreshed_ = -1;
  duration p50_{0}, p95_{0}, p99_{0};
};

}  // namespace troupe::balance
