// What this node knows of the replicas of one service: the statistics that every policy chooses by.
//
// Per replica: calls of ours in flight, the load of others as last reported, how slow it is compared with
// its peers, how much of a round trip the path costs, and (per method group) how often it succeeds. Evidence
// fades toward what is usual among its peers, never toward zero: an idle-looking report does not draw a herd,
// a busy-looking one does not starve its sender. The same records serve the score (score.hpp), the classic
// policies and the explanation.
//
// Cost: what an event touches is one replica's record; its score is computed anew at the next pick, one
// replica's worth of arithmetic. What changes with time alone is computed anew in rotation, so that no
// score is older than `options::score_age`. What needs all of them (medians) is refreshed every 10 ms.
// Replicas have stable indices, reused after `remove`. Times inside are seconds since `born`, in double.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/ejection.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/balance/key_ring.hpp>
#include <troupe/balance/latency_histogram.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/balance/scoreboard.hpp>
#include <troupe/base/fading.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/rpc/load_report.hpp>

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
  degraded = 32,    // its network or its workers are in trouble: half of that term
  outside = 64,     // beyond this router's aperture: a reason for having no link, nothing else
  mute = 128,       // answers no probes, so that it is sent none; nothing else
};

/// How one attempt at a replica ended, as far as the replica is to blame.
enum class outcome : std::uint8_t {
  success,     // answered; what the application said is its own business
  failure,     // answered with a sign of illness, or not at all by a deadline that left it time
  overloaded,  // refused for lack of capacity: cuts its capacity, is no failure
  bounced,     // met as many others as `choice::bounce_at` said, and came back unexecuted
  withdrawn,   // nobody waited any more; its latency is at least its age
  lost,        // with its link; the link's break is counted once, by `link_broke`
};

/// One end of one attempt.
struct completion {
  std::uint32_t group = 0;  // of `group_of`
  time_point started{};
  double depth = 1;  // of the choice that led to it
  balance::outcome outcome = balance::outcome::success;
  const rpc::load_report* load = nullptr;
};

/// What a pick is for.
struct request {
  std::uint32_t group = 0;
  std::optional<std::uint64_t> key;        // affinity
  node_id only;                            // 0: any
  std::span<const replica_index> tried{};  // by this call
  std::span<const replica_index> among{};  // empty: all; else these only, ascending
  enum class again : bool { no, last_resort } tried_again = again::last_resort;
};

/// What was picked.
struct choice {
  replica_index replica = 0;
  std::uint32_t life = 0;  // of the index: an attempt outlives a replica's removal
  std::uint32_t group = 0;
  double score = 0;              // S of score.hpp, whatever the policy
  double depth = 1;              // requests per worker with this one, >= 1: what its latency is divided by
  std::uint32_t candidates = 0;  // among how many
  float runner_up = 0;           // the lowest S of the others, where the policy looked at it; else 0
  // With so many requests there already, another replica is the better one: it is to come back then (to
  // bounce), and finds the news with the answer. 0: never, as of every policy that compares no scores.
  std::uint32_t bounce_at = 0;
  enum class novelty : bool { fresh, tried } before = novelty::fresh;
};

/// The quantities that one pick needs of all replicas, refreshed every 10 ms.
struct moment {
  double seconds = 0;
  double report_fading = 0;  // 1 / tau of others' load
  double others_median = 0;
  double load_mean = 0;  // of R_i
  double own_scale = 1;
  double service = 0;  // median over the replicas of their smoothed service time, s
  double weight = 1;   // of the method group: its requests take so much longer to serve than the mean request
  double base = 0;     // service * weight: what a request of the group takes to serve at a usual replica, s
  double penalty = 0;  // P: what a failure is charged, seconds
  double cost_median = 1;
  double cost_upper = 1;  // 75th percentile
  double success = 1;     // the mean of all
  double trust = 1;       // in differences of service time between the replicas, in [0, 1]
  double hot = 0;         // share of the replicas with more than one request waiting per worker
  std::uint32_t group = 0;
};

class replica_set {
 public:
  static constexpr std::uint32_t groups_max = 32;

  /// `settings` must outlive the set. `salt` spreads the ends of time outs over routers.
  replica_set(const options& settings, std::uint64_t salt, time_point now);

  // --- Who is there ----------------------------------------------------------------------------------

  /// A replica without history, unreachable until told otherwise. May allocate; nothing else here does
  /// after the first use of a method group.
  replica_index add(replica_facts facts);
  void describe(replica_index replica, replica_facts facts);
  void remove(replica_index replica);
  void set(replica_index replica, standing what, bool holds);
  bool is(replica_index replica, standing what) const {
    return (records_[replica].standing & static_cast<std::uint8_t>(what)) != 0;
  }
  /// After a change of the settings that were handed over: every score is computed anew.
  void settings_changed();

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
  void heard(replica_index replica, time_point now) { silence_.heard(replica, now); }
  /// Looks for silence. To be called every 100 ms or so.
  void watch(time_point now);

  // --- Probes: asking for a load report without sending a request --------------------------------------

  /// Whom to ask now; nothing most of the time. Each pick earns `options::probes_per_call` of a probe.
  std::optional<replica_index> probe_due(random_source& random, time_point now);
  /// Its answer. Ignored when it was not asked.
  void probed(replica_index replica, std::uint32_t life, const rpc::load_report& load, time_point now);

  // --- Choosing --------------------------------------------------------------------------------------

  /// Who should take a request now: among the reachable, those not barred, not tried, not draining first.
  /// Nothing when no replica is reachable (or none but tried ones, with again::no). Does not count it: see
  /// `began`.
  std::optional<choice> pick(policy& by, const request& what, random_source& random, time_point now);

  // --- For policies ----------------------------------------------------------------------------------

  std::size_t size() const { return records_.size(); }
  const options& settings() const { return *settings_; }
  const replica_facts& facts(replica_index replica) const { return facts_[replica]; }
  balance::distance distance_to(replica_index replica) const { return records_[replica].distance; }
  /// XXH3 of the node's id: the same in every router.
  std::uint64_t hash(replica_index replica) const { return records_[replica].hash; }
  std::uint32_t own_in_flight(replica_index replica) const { return records_[replica].own; }
  const moment& now() const { return moment_; }
  /// The replicas in the order of their hashes, which is the same in every router; n < how many there are.
  replica_index nth_by_hash(std::uint32_t n) const { return ring_.replica_at(n); }
  /// Whose key it is, whether it can be reached or not. Nothing when there are no replicas.
  std::optional<replica_index> home_of(std::uint64_t key) { return ring_.of(key).next(); }
  /// Changes whenever a replica comes or goes.
  std::uint64_t generation() const { return generation_; }

  /// One of `candidates` with a score within `options::tie` of the lowest, uniformly. Those that want a trial
  /// (`wants_trial`) come before all scores.
  struct best {
    replica_index replica = 0;
    float score = 0;      // the lowest; -1: a trial
    float runner_up = 0;  // scoreboard::out when there is none
  };
  /// A policy that looked at others says how good the best of them was.
  void note_runner_up(float score) { runner_up_ = score; }
  best draw_lowest(std::span<const replica_index> candidates, random_source& random);
  /// The lowest S among them; -1: one wants a trial.
  float lowest_score(std::span<const replica_index> candidates);
  /// S for the method group of the pick under way, at most `options::score_age` old; -1: wants a trial.
  float score(replica_index replica);
  /// Whether it is one of `candidates`, ascending. O(1) for those that the pick under way began with.
  bool is_among(replica_index replica, std::span<const replica_index> candidates) const;
  /// Who of the candidates of the pick under way has the key, or had it if those before were not too full:
  /// their R_i + 1 is at most `load_max` times the mean. Nothing when all are too full.
  std::optional<replica_index> owner(std::uint64_t key, double load_max,
                                     std::span<const replica_index> candidates);

  /// What R_i + 1 may be at most for a replica that takes a key's request.
  double fullest(double load_max) const { return std::max(1., load_max * (moment_.load_mean + 1)); }

  /// R_i: requests there, ours (counted also for the other routers that choose as we do) and others'.
  double load(replica_index replica) const {
    const record& it = records_[replica];
    return it.own * moment_.own_scale + others(it, moment_);
  }
  /// K_i: how many it can serve at once, while it is cold or has just refused for overload: fewer.
  double capacity(replica_index replica) const { return capacity(records_[replica], moment_.seconds); }
  /// L_i in seconds: what a request takes there, failures left out.
  double expected_latency(replica_index replica) const { return latency(records_[replica], moment_); }
  /// C_i in seconds: what a request costs there, failures included.
  double expected_cost(replica_index replica) const {
    return is_unseen(replica) ? moment_.cost_upper : cost(replica, moment_);
  }
  /// rho_i: how much longer it serves a request than a usual replica does; 1 when unknown.
  double slowness(replica_index replica) const {
    return service(records_[replica], moment_) / moment_.service;
  }
  /// p_i of the method group of the pick under way.
  double success(replica_index replica) const { return success(replica, moment_); }
  /// Never answered since it was added.
  bool is_unseen(replica_index replica) const { return records_[replica].last_answer < 0; }
  /// A first call or a probe that may be sent now: it has no other under way.
  bool wants_trial(replica_index replica) const;
  /// Barred: silent, ejected, or probing with its one call under way.
  bool is_barred(replica_index replica);

  // --- Seeing ----------------------------------------------------------------------------------------

  /// Quantile figures of the group's round trips, over the last ten seconds or so; 0 when unknown.
  duration median_round_trip(std::uint32_t group) const { return groups_[group].p50; }
  duration p95_round_trip(std::uint32_t group) const { return groups_[group].p95; }
  duration p99_round_trip(std::uint32_t group) const { return groups_[group].p99; }
  /// Share of the replicas that have more than one request waiting per worker, in [0, 1].
  double hot(std::uint32_t group) const { return groups_[group].cached.hot; }
  /// Depends on the affinity key only for keyed requests, so it is explained without one.
  std::vector<candidate> explain(std::uint32_t group, time_point now) const;
  node_id node_of(replica_index replica) const { return facts_[replica].node; }
  std::uint32_t life_of(replica_index replica) const { return records_[replica].life; }

 private:
  /// Everything about one replica that is not about a method; side by side, since an event needs all of it.
  struct record {
    std::uint64_t hash = 0;
    std::uint32_t life = 0;
    std::uint32_t own = 0;
    std::uint32_t unanswered = 0;  // begun since it last answered; withdrawn ones count on
    std::uint8_t standing = 0;
    balance::distance distance = balance::distance::same_zone;
    double own_started = 0;    // sum of the starts of the calls in flight
    double waiting_since = 0;  // when enough calls were in flight for silence to mean something
    double others = 0;         // others' load as last reported
    double reported = -1;      // when those figures were taken; < 0: never
    double workers = 1, limit = 1;
    double shed = 0, shed_at = 0;    // share of its capacity cut for overload, and when
    double warm_since = -1;          // < 0: it has nothing to warm up from
    double service = 0;              // smoothed service time, s; 0: unknown
    double service_at = 0;           // when that was true
    double path = 0;                 // mean of round trip - wait - service, signed
    double last_answer = -1;         // < 0: never
    double samples = 0;              // answers with a latency, since it was added or came back
    double picks = 0, picks_at = 0;  // fading count
    double probed = -1;              // when a probe was sent that has no answer; < 0: none
  };
  /// How calls of one method group ended at one replica: fading counts, and when.
  struct outcomes {
    double good = 0, total = 0, counted = 0;
    double failed = 0;         // when the last failure was
    std::uint32_t streak = 0;  // failures since the last success, a success counting as minus one
  };
  struct method_group {
    std::optional<balance::ejection> ejection;  // nothing: not used yet
    bool measured = false;                      // `cached.base` is a measurement
    latency_histogram round_trip;
    double served = 0, usually_served = 0,
           weighed = 0;  // fading sums of service times: the method's, all; when
    std::vector<outcomes> counts;
    moment cached;
    duration p50{0}, p95{0}, p99{0};
    double refreshed = -1;

    scoreboard scores;
    std::vector<replica_index> changed;  // to be scored anew; each once
    std::vector<std::uint8_t> is_changed;
    double looked = -1;                     // when it was last chosen for
    double turned = 0;                      // how far the rotation is, in replicas
    std::vector<replica_index> candidates;  // the ones with the least against them
    bool candidates_known = false;
    std::uint64_t candidates_of = 0;  // `changes` of the ejections then
    time_point candidates_until{};
  };

  double seconds_at(time_point now) const { return to_seconds(now - born_); }
  time_point time_at(double seconds) const { return born_ + from_seconds(seconds); }

  double others(const record& it, const moment& at) const {
    if (it.reported < 0) return at.others_median;
    const double kept = faded((at.seconds - it.reported) * at.report_fading);
    return it.others * kept + at.others_median * (1 - kept);
  }
  double service(const record& it, const moment& at) const;
  double path(const record& it, double seconds) const;
  double success(replica_index i, const moment& at) const;
  double latency(const record& it, const moment& at) const;
  double cost(replica_index i, const moment& at) const;
  double depth(const record& it, const moment& at) const;
  double capacity(const record& it, double seconds) const;
  std::uint32_t bounce_at(replica_index i) const;

  static bool are_all(std::span<const replica_index> candidates, const method_group& of) {
    return candidates.data() == of.candidates.data() && candidates.size() == of.candidates.size();
  }
  void make_room(method_group& group);
  method_group& use_group(std::uint32_t number);
  float compute_score(replica_index i);
  void touch(replica_index i);
  void candidates_changed();
  method_group& look(std::uint32_t group, time_point now);
  void rescore(method_group& group, replica_index i);
  void rescore_due(method_group& group, double since);
  void refresh(method_group& group, double seconds);
  void refresh_load(double seconds);
  void refresh_costs(method_group& group);
  double nth(std::size_t n, double otherwise);
  void find_candidates(method_group& group);
  std::span<const replica_index> narrowed(const request& what);
  void explain_standing(replica_index i, std::uint32_t group, candidate& one) const;
  enum class asked_by : std::uint8_t { request, probe, bouncing };
  void take_report(replica_index replica, const rpc::load_report& load, asked_by what, double seconds);
  void learn_trust(double held, double heard);
  void fold_service(record& it, double sample, double seconds);
  void take_latency(replica_index i, const completion& how, double seconds, time_point now);
  void at_least(record& it, const completion& how, double seconds);
  void count_outcome(replica_index i, std::uint32_t group, double good, double seconds);

  const options* settings_;
  std::uint64_t salt_;
  time_point born_;
  ejection silence_;  // of whole replicas; what concerns one method is in its group
  moment moment_;
  std::vector<replica_facts> facts_;
  std::vector<record> records_;
  std::vector<replica_index> free_;
  key_ring ring_;
  std::uint64_t generation_ = 0;
  std::vector<method_group> groups_;
  std::vector<std::uint32_t> used_;  // groups

  double usual_path_ = 0;  // mean of what reports leave unexplained
  double path_samples_ = 0;
  double path_counted_ = 0;
  double usual_service_ = 0;
  double foretold_ = 0,
         held_ = 0;  // fading sums: what is held times what is heard then, what is held squared
  double others_median_ = 0;
  double others_mean_ = 0;
  std::uint32_t own_total_ = 0;
  double own_scale_ = 1;
  double scaled_at_ = 0;
  double hot_ = 0;
  double load_refreshed_ = -1;
  double probe_credit_ = 0;
  double unprobed_ = 0;  // probes earned since one was sent
  float runner_up_ = 0;

  std::vector<replica_index> quiet_;  // ejected for their silence, as of the last `watch`
  std::vector<replica_index> narrowed_;
  std::vector<float> narrowed_scores_;
  std::vector<double> scratch_;
};

}  // namespace troupe::balance
