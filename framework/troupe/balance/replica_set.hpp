// The replicas of one service, as one router has them: it learns from every call's begin and end, and picks
// who takes the next one.
//
// It wires four things of one subject each: who is there (presence.hpp), what is known of them
// (evidence.hpp), who may be picked at what score (shortlist.hpp, one for each method group), and what may be
// asked beside calls (probing.hpp, bounce.hpp). On top stands a policy, which is shown the candidates
// (candidates.hpp) and says which it prefers.
//
// Cost: an event touches one replica's record, whose score is computed anew by the next pick; what changes
// with time alone follows in rotation, and what needs all of them (medians) every 10 ms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <troupe/balance/choice.hpp>
#include <troupe/balance/completion.hpp>
#include <troupe/balance/estimates.hpp>
#include <troupe/balance/evidence.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/balance/pick_shares.hpp>
#include <troupe/balance/presence.hpp>
#include <troupe/balance/probing.hpp>
#include <troupe/balance/replica.hpp>
#include <troupe/balance/score.hpp>
#include <troupe/balance/shortlist.hpp>
#include <troupe/base/random.hpp>

namespace troupe::balance {

class candidates;
class policy;
struct preference;

class replica_set {
 public:
  static constexpr std::uint32_t groups_max = evidence::groups_max;

  /// `settings` must outlive the set. `salt` spreads the ends of time outs over routers.
  replica_set(const options& settings, std::uint64_t salt, time_point now);

  // --- Who is there ----------------------------------------------------------------------------------

  /// A replica without history, unreachable until told otherwise. May allocate, and so may the first pick
  /// after it; nothing else here does after the first use of a method group.
  replica_index add(replica_facts facts);
  void describe(replica_index replica, replica_facts facts);
  void remove(replica_index replica);
  void set(replica_index replica, standing what, bool holds);
  bool is(replica_index replica, standing what) const { return presence_.is(replica, what); }
  /// After a change of the settings that were handed over: every score is computed anew.
  void settings_changed() { candidates_changed(); }

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
  void heard(replica_index replica, time_point now) { evidence_.heard(replica, now); }
  /// Looks for silence. To be called every 100 ms or so.
  void watch(time_point now);

  // --- Probes: asking for a load report without sending a request --------------------------------------

  /// Whom to ask now, among those whom the last pick might have chosen; nothing most of the time. Each pick
  /// earns `options::probes_per_call` of a probe.
  std::optional<replica_index> probe_due(random_source& random, time_point now);
  /// Its answer. Ignored when it was not asked.
  void probed(replica_index replica, std::uint32_t life, const rpc::load_report& load, time_point now);

  // --- Choosing --------------------------------------------------------------------------------------

  /// Who should take a request now: among the reachable, those not barred, not tried, not draining first.
  /// Nothing when no replica is reachable (or none but tried ones, with again::no). Does not count it: see
  /// `began`.
  std::optional<choice> pick(policy& by, const request& what, random_source& random, time_point now);
  /// The terms of a score as they were when `what` was picked, if nothing has happened since. REQUIRES:
  /// `pick` gave it.
  term_values terms_of(const choice& what) const { return at(what.group).terms(what.replica); }

  // --- Seeing ----------------------------------------------------------------------------------------

  /// How many indices there are, free ones included.
  std::size_t size() const { return presence_.size(); }
  const replica_facts& facts(replica_index replica) const { return presence_.facts(replica); }
  node_id node_of(replica_index replica) const { return facts(replica).node; }
  std::uint32_t life_of(replica_index replica) const { return presence_.life_of(replica); }
  std::uint32_t own_in_flight(replica_index replica) const { return evidence_.of(replica).own; }
  /// The replicas in the order of their hashes, which is the same in every router; n < how many there are.
  replica_index nth_by_hash(std::uint32_t n) const { return presence_.nth_by_hash(n); }
  /// Whose key it is, whether it can be reached or not. Nothing when there are no replicas.
  std::optional<replica_index> home_of(std::uint64_t key) const { return presence_.owners_of(key).next(); }

  /// What is expected of each replica, as of the group's last pick. REQUIRES: there was one.
  estimates at(std::uint32_t group) const {
    return {*settings_, presence_, evidence_, evidence_.of_method(group)};
  }
  /// Quantile figures of the group's round trips, over the last ten seconds or so; 0 when unknown.
  duration median_round_trip(std::uint32_t group) const;
  duration p95_round_trip(std::uint32_t group) const;
  duration p99_round_trip(std::uint32_t group) const;
  /// Share of the replicas that have more than one request waiting per worker, in [0, 1].
  double hot(std::uint32_t group) const;
  /// Depends on the affinity key only for keyed requests, so it is explained without one.
  std::vector<candidate> explain(std::uint32_t group, time_point now) const;

 private:
  void touch(replica_index replica);
  void candidates_changed();
  /// Brings what is known and listed for the group up to `now`.
  estimates look(std::uint32_t group, time_point now);
  void turn_ejected(std::uint32_t group, time_point now);
  choice choose(policy& by, const candidates& among, const request& what, random_source& random);
  std::uint32_t bounce_at(const candidates& among, const preference& picked) const;

  const options* settings_;
  presence presence_;
  evidence evidence_;
  probing probing_;
  pick_shares shares_;
  std::vector<shortlist> lists_;  // by group
  std::uint32_t looked_ = 0;      // the group of the last pick
  std::vector<replica_index> narrowed_;
  std::vector<float> scores_;  // of these, during a draw
};

}  // namespace troupe::balance
