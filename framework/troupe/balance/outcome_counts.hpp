// How often one replica succeeds at the methods of one group: fading counts of outcomes, smoothed by what is
// usual among its peers, so that an outage of all of them singles out nobody.
//
// An answer that is an error (NOT_FOUND, FAILED_PRECONDITION, ..) is the application's business where all
// replicas give it. Where one gives far more of them than its peers it is ill in a way of its own (a bad
// deploy, a wrong configuration), and quick at it: what it has too many of counts as failed.
#pragma once

#include <cstdint>

#include <troupe/balance/moment.hpp>
#include <troupe/balance/options.hpp>

namespace troupe::balance {

/// Times are seconds since the evidence began.
struct outcome_counts {
  double good = 0, total = 0;
  double counted = 0;        // when these were true
  double failed = 0;         // when the last failure was
  std::uint32_t streak = 0;  // failures since the last success, a success counting as minus one
  double errors = 0;         // of the good

  enum class end : std::uint8_t { failure, success, error };
  void count(end how, const options& settings, double seconds);

  /// p_i, in [0, 1]: the share of successes, of which `settings.success_prior` are at the mean of all; less
  /// after a surprising failure.
  double success(const moment& at, const options& settings) const;
  /// The share of its answers that are errors, beyond what its peers have and what chance explains; 0 to 1.
  double excess_errors(const moment& at, const options& settings) const;
};

}  // namespace troupe::balance
