// What keeps repeats from becoming a storm: a service's calls earn the right to them, a tenth each.
//
// When a whole service is sick, every call wants to be repeated, and three attempts each would triple the
// load on what is left. With a budget, the load rises by a tenth. It is charged when an extra attempt is
// scheduled, not when it is sent: otherwise all calls in backoff pass the gate together (Envoy issue 30205).
// Failovers, repeats, backups and hedges draw on the same budget; hedges on a small one of their own as
// well.
//
// Earnings fade: to what time alone grants, with `budget_terms::memory`. What is saved up in good times is
// what a whole service's callers have in hand when half of it freezes.
//
// Source: Finagle's RetryBudget, which forgets after 10 s; gRPC's retry throttling (gRFC A6).
#pragma once

#include <troupe/base/time.hpp>
#include <troupe/retry/options.hpp>

namespace troupe::retry {

class budget {
 public:
  budget(const budget_terms& terms, time_point now);

  /// A call made its first attempt.
  void earn(time_point now);
  /// True when an extra attempt may be scheduled; it is then paid for.
  bool spend(time_point now);
  double balance(time_point now) const;

 private:
  void pass(time_point now);

  budget_terms terms_;
  double tokens_;
  time_point counted_;
};

}  // namespace troupe::retry
