// What this node knows of the replicas of one service: what each call's begin and end, each probe's answer
// and each silence say. It knows no policy and chooses nobody.
//
// Per replica: replica_evidence.hpp; per method group: method_evidence.hpp; of all together: usual.hpp and
// trust.hpp. What follows from all that for one replica at one moment: expectation.hpp.
//
// Cost: what an event touches is one replica's record. What needs all of them (medians) is refreshed every
// 10 ms, by the first look after that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <troupe/balance/completion.hpp>
#include <troupe/balance/ejection.hpp>
#include <troupe/balance/method_evidence.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/balance/replica.hpp>
#include <troupe/balance/replica_evidence.hpp>
#include <troupe/balance/trust.hpp>
#include <troupe/balance/usual.hpp>

namespace troupe::balance {

class evidence {
 public:
  static constexpr std::uint32_t groups_max = 32;

  /// `settings` must outlive it. `salt` spreads the ends of time outs over routers.
  evidence(const options& settings, std::uint64_t salt, time_point now);

  // --- Who is there ---

  /// A replica without history at `replica`, which is a free index or the next.
  void add(replica_index replica);
  void remove(replica_index replica);

  // --- Events. REQUIRES: the replica is there, and `group` below `groups_max` ---

  void began(replica_index replica, std::uint32_t group, time_point now);
  void ended(replica_index replica, const completion& how, time_point now);
  /// Its link broke: one failure, however many attempts were lost on it.
  void link_broke(replica_index replica, time_point now);
  void heard(replica_index replica, time_point now) { silence_.heard(replica, now); }
  /// A probe's answer.
  void probed(replica_index replica, const rpc::load_report& load, time_point now);
  /// Looks for silence: in calls, and in probes, of which `sent` says by replica since when one is unanswered
  /// (`never`: none is). True when a replica was ejected.
  bool watch(std::span<const time_point> sent, time_point now);

  // --- Looks ---

  /// What is known for a method group, as of `now`. The first look at a group allocates.
  const method_evidence& look(std::uint32_t group, time_point now);
  /// An ejected replica whose time is over is to be tried by one call.
  void turn(replica_index replica, std::uint32_t group, time_point now);

  // --- Seeing ---

  std::size_t size() const { return replicas_.size(); }
  const replica_evidence& of(replica_index replica) const { return replicas_[replica]; }
  /// REQUIRES: it was looked at, or a call for it began.
  const method_evidence& of_method(std::uint32_t group) const { return *methods_[group]; }
  /// Nothing when there was no call for it yet.
  const method_evidence* find_method(std::uint32_t group) const {
    return methods_[group] ? &*methods_[group] : nullptr;
  }
  /// The groups that there were calls for.
  std::span<const std::uint32_t> groups() const { return used_; }
  /// Ejections of whole replicas; those for one method group are in the group's.
  const ejection& silence() const { return silence_; }
  /// Who was ejected for its silence, as of the last `watch`.
  std::span<const replica_index> silenced() const { return silenced_; }
  /// Changes with every change of anybody's ejection; by time alone, `turn` may change one at `next_turn` at
  /// the earliest. As in ejection.hpp.
  std::uint64_t changes(std::uint32_t group) const {
    return of_method(group).ejection().changes() + silence_.changes();
  }
  time_point next_turn(std::uint32_t group, time_point now) const;
  /// Seconds since the evidence began: the unit of its times.
  double seconds_at(time_point now) const { return to_seconds(now - born_); }

 private:
  using asked_by = replica_evidence::asked_by;

  time_point time_at(double seconds) const { return born_ + from_seconds(seconds); }
  method_evidence& use(std::uint32_t group);
  void answered(replica_index i, method_evidence& of, const completion& how, time_point now);
  void take_report(replica_evidence& it, const rpc::load_report& load, asked_by why, double seconds);
  void take_latency(replica_index i, method_evidence& of, const completion& how, time_point now);
  double service_reported(replica_evidence& it, const completion& how, double trip, double seconds);
  void at_least(replica_evidence& it, const method_evidence& of, const completion& how, double seconds);
  void fold_service(replica_evidence& it, double sample, double seconds);

  const options* settings_;
  std::uint64_t salt_;
  time_point born_;
  ejection silence_;
  std::vector<replica_evidence> replicas_;
  std::vector<std::optional<method_evidence>> methods_;  // by group
  std::vector<std::uint32_t> used_;                      // groups
  usual usual_;
  trust trust_;
  std::vector<replica_index> silenced_;
  std::vector<double> scratch_;
};

}  // namespace troupe::balance
