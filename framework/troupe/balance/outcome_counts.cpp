#include <algorithm>
#include <cmath>

#include <troupe/balance/outcome_counts.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::balance {

namespace {

constexpr double ln2 = 0.6931471805599453;
constexpr double common_failures = .03;  // share of calls; then one failure means nothing
constexpr std::uint32_t doublings_max = 3;

/// Of a count, `seconds` later.
double left(double seconds, const options& settings) {
  return faded(seconds * ln2 / to_seconds(settings.success_half_life));
}

}  // namespace

void outcome_counts::count(end how, const options& settings, double seconds) {
  const double kept = left(seconds - counted, settings);
  good = good * kept + (how == end::failure ? 0 : 1);
  errors = errors * kept + (how == end::error ? 1 : 0);
  total = total * kept + 1;
  counted = seconds;
  if (how == end::success) {
    streak -= streak > 0;
  } else if (how == end::failure) {
    failed = seconds;
    ++streak;
  }
}

double outcome_counts::success(const moment& at, const options& settings) const {
  const double kept = left(at.seconds - counted, settings);
  const double prior = settings.success_prior;
  const double smoothed =
      (good * kept + prior * at.success) / (total * kept + prior) * (1 - excess_errors(at, settings));
  if (streak == 0) return smoothed;
  // Where failures are rare, one is a sign: the next call goes elsewhere, and the longer a streak, the
  // longer.
  const double surprise = std::max(0., 1 - (1 - at.success) / common_failures);
  const double lasts = to_seconds(settings.doubt) * std::exp2(std::min(streak, doublings_max) - 1.);
  return smoothed * (1 - .5 * surprise * faded((at.seconds - failed) / lasts));
}

double outcome_counts::excess_errors(const moment& at, const options& settings) const {
  if (errors <= 0) return 0;
  constexpr double sigmas = 2;
  const double kept = left(at.seconds - counted, settings);
  const double seen = total * kept + settings.success_prior;
  const double share = (errors * kept + settings.success_prior * at.errors) / seen;
  const double chance = sigmas * std::sqrt(at.errors * (1 - at.errors) / seen);
  return std::max(0., share - at.errors - chance);
}

}  // namespace troupe::balance
