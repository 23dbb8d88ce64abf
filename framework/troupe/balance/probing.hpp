// Probes: asking a replica for its load without sending it a request. Whom to ask, and what may be asked.
//
// Each pick earns a share of a probe; requests that bounce are paid from the same purse, since what they meet
// is news of the same kind. So questions follow the rate of calls, and end where there are too many. A tenth
// of the calls pays for probes whatever bounces.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <troupe/balance/options.hpp>
#include <troupe/balance/replica.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

class probing {
 public:
  /// `settings` must outlive it.
  explicit probing(const options& settings) : settings_(&settings) {}

  /// A replica without history at `replica`. Grows as needed.
  void reset(replica_index replica);

  // --- The purse ---

  /// A pick.
  void earn();
  /// A request has bounced; the pick that follows is the same call's, and earns nothing.
  void pay_bounce();
  bool may_bounce() const;

  // --- Probes ---

  /// Whom to ask now, which is paid then; nothing most of the time. One of `candidates`, at times one of
  /// `silenced`, whether it is back; uniformly.
  std::optional<replica_index> draw(std::span<const replica_index> candidates,
                                    std::span<const replica_index> silenced, random_source& random);
  /// False when its answer to an earlier probe is still waited for.
  bool send(replica_index replica, time_point now);
  /// False when it was not asked.
  bool answered(replica_index replica);
  /// By replica: when a probe was sent that has no answer; `never`: there is none.
  std::span<const time_point> sent() const { return sent_; }

 private:
  const options* settings_;
  double credit_ = 0;    // probes
  double unprobed_ = 0;  // probes earned since one was sent
  std::vector<time_point> sent_;
};

}  // namespace troupe::balance
