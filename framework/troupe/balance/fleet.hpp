// What this node knows of the replicas of one service: the statistics that every policy chooses by.
//
// Per replica: calls of ours in flight, the load of others as last reported, how slow it is compared with
// its peers, how much of a round trip the path costs, and (per method group) how often it succeeds. Evidence
// fades toward what is usual in the fleet, never toward zero: an idle-looking report does not draw a herd, a
// busy-looking one does not starve its sender. The same arrays serve the score (score.hpp), the classic
// policies and the explanation.
//
// Layout: one array per quantity, indexed by replica; indices are stable, and reused after `remove`. Times
// inside are seconds since `born`, in double, so that a scan is arithmetic only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/ejection.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/balance/fading.hpp>
#include <troupe/balance/latency_histogram.hpp>
#include <troupe/balance/load_report.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

class policy;

using replica_index = std::uint32_t;

/// How far away a replica is: the value of the zone term.
enum class distance : std::uint8_t { this_node, same_zone, same_region, remote };

/// What changes slowly about a replica.
struct replica_facts {
  node_id node;
  std::string name;
  std::string address;
  balance::distance distance = balance::distance::same_zone;
  std::uint32_t weight = 100;  // for `weighted`; >= 1
};

/// Reasons not to pick a replica, as bits. The first two exclude it, the others are last resorts.
enum class standing : std::uint8_t {
  unreachable = 1,  // no link, or none that takes more
  absent = 2,       // the index is free
  draining = 4,     // picked when nothing else is left
  silent = 8,       // its link's keep-alive went unanswered
  suspected = 16,   // membership doubts it: a term of the score
};

/// How one attempt at a replica ended, as far as the replica is to blame.
enum class outcome : std::uint8_t {
  success,     // answered; what the application said is its own business
  failure,     // answered with a sign of illness, or not at all by a deadline that left it time
  overloaded,  // refused for lack of capacity: cuts its capacity, is no failure
  withdrawn,   // nobody waited any more; its latency is at least its age
  lost,        // with its link; the link's break is counted once, by `link_broke`
};

/// One end of one attempt.
struct completion {
  std::uint32_t group = 0;  // of `group_of`
  time_point started{};
  double depth = 1;  // of the choice that led to it
  balance::outcome outcome = balance::outcome::success;
  const load_report* load = nullptr;
};

/// What a pick is for.
struct request {
  std::uint32_t group = 0;
  std::optional<std::uint64_t> key;        // affinity
  node_id only;                            // 0: any
  std::span<const replica_index> tried{};  // by this call
  enum class again : bool { no, last_resort } tried_again = again::last_resort;
};

/// What was picked.
struct choice {
  replica_index replica = 0;
  std::uint32_t life = 0;  // of the index: an attempt outlives a replica's removal
  double score = 0;        // S of score.hpp, whatever the policy
  double depth = 1;        // requests per worker with this one, >= 1: what its latency is divided by
  enum class novelty : bool { fresh, tried } before = novelty::fresh;
};

/// The quantities that one pick needs of the whole fleet, computed once.
struct moment {
  double seconds = 0;
  double report_fading = 0;  // 1 / tau of others' load
  double others_median = 0;
  double own_scale = 1;
  double base = 0;     // median time a request of the group takes to serve
  double penalty = 0;  // P: what a failure is charged, seconds
  double cost_median = 1;
  double cost_upper = 1;  // 75th percentile
  double success = 1;     // the fleet's mean
  std::uint32_t group = 0;
};

class fleet {
 public:
  static constexpr std::uint32_t groups_max = 32;

  /// `settings` must outlive the fleet. `salt` spreads the ends of time outs over routers.
  fleet(const options& settings, std::uint64_t salt, time_point now);

  // --- Who is there ----------------------------------------------------------------------------------

  /// A replica without history, unreachable until told otherwise. May allocate; nothing else here does
  /// after the first use of a method group.
  replica_index add(replica_facts facts);
  void describe(replica_index replica, replica_facts facts) { facts_[replica] = std::move(facts); }
  void remove(replica_index replica);
  void set(replica_index replica, standing what, bool holds);
  bool is(replica_index replica, standing what) const {
    return (standing_[replica] & static_cast<std::uint8_t>(what)) != 0;
  }

  // --- Evidence --------------------------------------------------------------------------------------

  /// Any method number, folded: methods beyond `groups_max` share the last group.
  static std::uint32_t group_of(std::uint32_t method) {
    return method < groups_max ? method : groups_max - 1;
  }
  /// An attempt begins at what `pick` chose.
  void began(const choice& what, time_point now);
  /// It ended. Ignored when the replica has been removed since.
  void ended(replica_index replica, std::uint32_t life, const completion& how, time_point now);
  /// Its link broke: one failure, however many attempts were lost on it.
  void link_broke(replica_index replica, time_point now);
  void heard(replica_index replica, time_point now) { ejection_.heard(replica, now); }
  /// Looks for silence. To be called every 100 ms or so.
  void watch(time_point now);

  // --- Choosing --------------------------------------------------------------------------------------

  /// Who should take a request now: among the reachable, those not barred, not tried, not draining first.
  /// Nothing when no replica is reachable (or none but tried ones, with again::no). Does not count it: see
  /// `began`.
  std::optional<choice> pick(policy& by, const request& what, random_source& random, time_point now);

  // --- For policies ----------------------------------------------------------------------------------

  std::size_t size() const { return facts_.size(); }
  const options& settings() const { return *settings_; }
  const replica_facts& facts(replica_index replica) const { return facts_[replica]; }
  /// XXH3 of the node's id: the same in every router.
  std::uint64_t hash(replica_index replica) const { return hashes_[replica]; }
  std::uint32_t own_in_flight(replica_index replica) const { return own_[replica]; }
  const moment& now() const { return moment_; }

  /// R_i: requests there, ours (counted also for the other routers that choose as we do) and others'.
  double load(replica_index replica) const {
    return own_[replica] * moment_.own_scale + others(replica, moment_);
  }
  /// K_i: how many it can serve at once, while it is cold or has just refused for overload: fewer.
  double capacity(replica_index replica) const;
  /// C_i in seconds: what a request costs there, failures included.
  double expected_cost(replica_index replica) const {
    return is_unseen(replica) ? moment_.cost_upper : cost(replica, moment_);
  }
  /// Never answered since it was added.
  bool is_unseen(replica_index replica) const { return last_answer_[replica] < 0; }
  /// A first call or a probe that may be sent now: it has no other under way.
  bool wants_trial(replica_index replica) const;
  /// Barred: silent, ejected, or probing with its one call under way.
  bool is_barred(replica_index replica) {
    return is(replica, standing::silent) || ejection_.bars(replica, time_at(moment_.seconds));
  }

  // --- Seeing ----------------------------------------------------------------------------------------

  /// Quantile figures of the group's round trips, over the last ten seconds or so; 0 when unknown.
  duration median_round_trip(std::uint32_t group) const;
  duration p99_round_trip(std::uint32_t group) const;
  /// Depends on the affinity key only for keyed requests, so it is explained without one.
  std::vector<candidate> explain(std::uint32_t group, time_point now) const;
  node_id node_of(replica_index replica) const { return facts_[replica].node; }
  std::uint32_t life_of(replica_index replica) const { return life_[replica]; }

 private:
  struct method_group {
    bool used = false;
    bool measured = false;  // `cached.base` is a measurement
    latency_histogram round_trip;
    latency_histogram service;                 // round trips without the wait and the path
    std::vector<double> good, total, counted;  // by replica: fading counts of outcomes, and when
    moment cached;
    duration p50{0}, p99{0};
    double refreshed = -1;
  };

  double seconds_at(time_point now) const { return to_seconds(now - born_); }
  time_point time_at(double seconds) const { return born_ + from_seconds(seconds); }

  double others(replica_index i, const moment& at) const {
    if (reported_[i] < 0) return at.others_median;
    const double kept = faded((at.seconds - reported_[i]) * at.report_fading);
    return others_[i] * kept + at.others_median * (1 - kept);
  }
  double slowness(replica_index i, double seconds) const;
  double path(replica_index i, double seconds) const;
  double success(replica_index i, const moment& at) const;
  double latency(replica_index i, const moment& at) const;
  double cost(replica_index i, const moment& at) const;
  double depth(replica_index i, const moment& at) const;

  method_group& use_group(std::uint32_t group);
  void look(std::uint32_t group, time_point now);
  void refresh(method_group& group, double seconds);
  void refresh_fleet_load(double seconds);
  void refresh_costs(method_group& group);
  void gather(const request& what);
  void take_report(replica_index i, const load_report& load, double seconds);
  void take_latency(replica_index i, const completion& how, double seconds, time_point now);
  void at_least(replica_index i, const completion& how, double seconds);
  void count_outcome(replica_index i, std::uint32_t group, double good, double seconds);
  void fold_slowness(replica_index i, double sample, double seconds);

  const options* settings_;
  time_point born_;
  ejection ejection_;
  moment moment_;

  std::vector<replica_facts> facts_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> life_;
  std::vector<std::uint8_t> standing_;
  std::vector<std::uint32_t> own_;
  std::vector<std::uint32_t> unanswered_;  // begun since it last answered; withdrawn ones count on
  std::vector<double> own_started_;        // sum of the starts of the calls in flight
  std::vector<double> waiting_since_;      // when enough calls were in flight for silence to mean something
  std::vector<double> others_;             // others' load as last reported
  std::vector<double> reported_;           // when; < 0: never
  std::vector<double> workers_, limit_;
  std::vector<double> shed_;  // share of its capacity cut for overload, and when
  std::vector<double> shed_at_;
  std::vector<double> warm_since_;              // < 0: it has nothing to warm up from
  std::vector<double> slowness_, slowness_at_;  // rho, peak-hold
  std::vector<double> path_;                    // mean of round trip - wait - service, signed
  std::vector<double> last_answer_;             // < 0: never
  std::vector<double> samples_;                 // answers with a latency, since it was added or came back
  std::vector<double> picks_, picks_at_;        // fading count
  std::vector<method_group> groups_;

  double fleet_service_ = 0;  // mean of what reports say of service times
  double fleet_path_ = 0;     // and of what they leave unexplained
  double fleet_samples_ = 0;
  double fleet_counted_ = 0;
  double others_median_ = 0;
  double own_scale_ = 1;
  double scaled_at_ = 0;

  std::vector<replica_index> candidates_;
  std::vector<double> scratch_;
};

}  // namespace troupe::balance
