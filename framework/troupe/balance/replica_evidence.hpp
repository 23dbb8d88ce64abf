// What is known of one replica, whatever the method: our calls there, the load of others as last reported,
// how slow it is, and what its path costs. Side by side in two cache lines, since an event needs all of it.
//
// Evidence fades toward what is usual among the replica's peers, never toward zero: an idle-looking report
// does not draw a herd, a busy-looking one does not starve its sender. What it amounts to at a given moment
// is in expectation.hpp. Times are seconds since the evidence began.
#pragma once

#include <cstdint>

#include <troupe/base/fading.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::balance {

struct alignas(64) replica_evidence {
  std::uint32_t own = 0;         // calls of ours in flight
  std::uint32_t unanswered = 0;  // begun since it last answered; withdrawn ones count on
  double own_started = 0;        // sum of the starts of the calls in flight
  double waiting_since = 0;      // when enough calls were in flight for silence to mean something
  double others = 0;             // others' load as last reported
  double reported = -1;          // when those figures were taken; < 0: never
  double workers = 1, limit = 1;
  double shed = 0, shed_at = 0;  // share of its capacity cut for overload, and when
  double warm_since = -1;        // < 0: it has nothing to warm up from
  double service = 0;            // smoothed service time, s; 0: unknown
  double service_at = 0;         // when that was true
  double path = 0;               // mean of round trip - wait - service, s, signed
  double last_answer = -1;       // < 0: never
  double samples = 0;            // answers with a latency, since it was added or came back
  bool tried = false;            // a call of ours began there, whatever became of it

  /// Never answered since it was added.
  bool is_unseen() const { return last_answer < 0; }
  /// The share of its capacity that is still cut for overload.
  double capacity_cut(double seconds) const {
    constexpr double shed_fading = 1;  // s
    return shed * faded((seconds - shed_at) / shed_fading);
  }

  /// `silent_in_flight_min` of the ejection's options.
  void began(std::uint32_t silent_in_flight_min, double seconds);
  void ended(double started);

  /// Why its load was reported: what the report counts of ours depends on it.
  enum class asked_by : std::uint8_t { request, probe, bounce };
  /// False when newer figures are known already: a probe's answer that was overtaken.
  bool take_load(const rpc::load_report& load, asked_by why, double taken);
  /// A sample of its service time where no report says it. `usual`: its peers', s. `decay`: s.
  void fold_service(double sample, double usual, double decay, double seconds);
  /// It refused for overload: its capacity is cut by half of what is left of it.
  void cut_capacity(double seconds);
};

}  // namespace troupe::balance
