#include <algorithm>

#include <troupe/balance/expectation.hpp>
#include <troupe/balance/method_evidence.hpp>
#include <troupe/balance/quartile.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::balance {

namespace {

constexpr double report_spans = 8;  // others' load is half forgotten after about so many latencies,
constexpr double report_fading_min = .001, report_fading_max = 10;  // s, within these bounds
constexpr double service_unknown = 1e-3;                            // s, until the first answer
constexpr double weight_min = 1e-3;
constexpr double method_fading = 10;  // s

}  // namespace

method_evidence::method_evidence(const options& settings, std::uint64_t salt)
    : settings_(&settings), ejection_(settings.ejection, salt) {}

void method_evidence::reset(replica_index replica, bool present) {
  if (replica >= counts_.size()) counts_.resize(replica + 1);
  counts_[replica] = {};
  ejection_.reset(replica, present);
}

void method_evidence::count(replica_index replica, outcome_counts::end how, double seconds) {
  counts_[replica].count(how, *settings_, seconds);
}

void method_evidence::learn(const timing& of, time_point now, double seconds) {
  round_trip_.record(of.trip, now);
  const double kept = faded((seconds - weighed_) / method_fading);
  weighed_ = seconds;
  served_ = served_ * kept + of.served;
  usually_served_ = usually_served_ * kept + of.usually;
  if (!measured_) forget();
}

bool method_evidence::is_slow(double trip, double depth, double usual_path) const {
  const double expected = at_.base * depth + std::max(usual_path, 0.) + to_seconds(settings_->cost_floor);
  return measured_ && trip > settings_->ejection.slow_factor * expected;
}

void method_evidence::refresh(const usual& of, double trust, std::span<const replica_evidence> all,
                              double seconds, std::vector<double>& scratch) {
  refreshed_ = at_.refreshed = at_.seconds = seconds;
  at_.path = of.path();
  p50_ = round_trip_.quantile(.5);
  p95_ = round_trip_.quantile(.95);
  p99_ = round_trip_.quantile(.99);
  measured_ = usually_served_ > 0;
  at_.service = of.service() > 0 ? of.service() : service_unknown;
  at_.weight = measured_ ? std::max(served_ / usually_served_, weight_min) : 1;
  at_.base = at_.service * at_.weight;
  const double median_trip = std::max(to_seconds(p50_), at_.base);
  at_.penalty = std::max(to_seconds(p99_), 10 * median_trip);
  at_.report_fading = 1 / std::clamp(report_spans * median_trip, report_fading_min, report_fading_max);
  at_.others_median = of.others_median();
  at_.own_scale = of.own_scale();
  at_.trust = trust;
  at_.hot = of.hot();
  refresh_errors(scratch);
  refresh_costs(all, scratch);
}

// Not the median: most replicas may run a release that fails.
void method_evidence::refresh_errors(std::vector<double>& scratch) {
  double errors = 0;
  double total = 1;
  for (const outcome_counts& each : counts_) {
    errors += each.errors;
    total += each.total;
  }
  at_.errors = 0;
  if (errors <= 0) return;
  const double prior = settings_->success_prior;
  scratch.clear();
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (ejection_.is_present(i))
      scratch.push_back((counts_[i].errors + prior * errors / total) / (counts_[i].total + prior));
  at_.errors = quartile(scratch, 1, 0);
}

void method_evidence::refresh_costs(std::span<const replica_evidence> all, std::vector<double>& scratch) {
  double good = 1;
  double total = 1;
  for (const outcome_counts& each : counts_) {
    good += each.good;
    total += each.total;
  }
  at_.success = good / total;
  scratch.clear();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].is_unseen()) scratch.push_back(expected_cost(all[i], counts_[i], at_, *settings_));
  at_.cost_median = std::max(quartile(scratch, 2, at_.base), 1e-9);
  at_.cost_upper = std::max(quartile(scratch, 3, at_.base), 1e-9);
}

}  // namespace troupe::balance
