// Who may be picked for the methods of one group, and at what score: kept from pick to pick, so that a pick
// looks at what has changed and not at everybody.
//
// A replica that something happened to is scored anew by the next pick; what changes with time alone is
// scored anew in rotation, so that no score is older than options::score_age. Where there are many replicas
// for few picks it may be: a pick scores 64 in turn at most. After a second without a pick, or when anybody's
// standing or ejection has changed, the list is made anew.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <troupe/balance/choice.hpp>
#include <troupe/balance/estimates.hpp>
#include <troupe/balance/replica.hpp>
#include <troupe/balance/scoreboard.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

class shortlist {
 public:
  /// Somebody came, went, or stands otherwise than before.
  void forget() { known_ = false; }
  /// Something happened to `replica`. Each once until the next look.
  void touch(replica_index replica);

  /// How the ejections that it depends on stand: their `changes`, and when time alone changes them.
  struct ejections {
    std::uint64_t changes = 0;
    time_point next_turn = never;
  };
  /// Whether the list still holds; else it is to be made anew.
  bool holds(double seconds, std::uint64_t changes, time_point now) const;
  /// Scores anew what was touched, and as many others, in turn, as time has passed. REQUIRES: `holds`.
  void refresh(const estimates& at);
  /// The reachable, those not barred first, those not draining before that. Allocates after replicas were
  /// added. `now`: the ejections, after what time had to change has changed.
  void make(const estimates& at, const ejections& now);

  /// Ascending.
  std::span<const replica_index> all() const { return all_; }
  /// Of those on the list; scoreboard::out for all others.
  const scoreboard& scores() const { return scores_; }

 private:
  void list(const estimates& at);

  std::vector<replica_index> all_;  // the ones with the least against them
  scoreboard scores_;
  std::vector<replica_index> changed_;  // to be scored anew; each once
  std::vector<std::uint8_t> is_changed_;
  bool known_ = false;
  ejections seen_;
  double looked_ = -1;  // when it was last looked at, s
  double turned_ = 0;   // how far the rotation is, in replicas
};

/// The same for a call that may not go everywhere: those that it has tried come after all others. Into
/// `into`, ascending where `what.among` is.
void narrow(const estimates& at, const request& what, std::vector<replica_index>& into);

}  // namespace troupe::balance
