// How often one replica succeeds at the methods of one group: fading counts of outcomes, smoothed by what is
// usual among its peers, so that an outage of all of them singles out nobody.
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

  enum class end : bool { failure, success };
  void count(end how, const options& settings, double seconds);

  /// p_i, in [0, 1]: the share of successes, of which `settings.success_prior` are at the mean of all; less
  /// after a surprising failure.
  double success(const moment& at, const options& settings) const;
};

}  // namespace troupe::balance
