#include <algorithm>

#include <troupe/balance/quartile.hpp>
#include <troupe/balance/usual.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::balance {

namespace {

constexpr double refresh_every = .01;  // s
constexpr double path_fading = .5;     // s
constexpr double scale_fading = 2;     // s
constexpr double followers = .5;   // how much of what others have in flight is taken to follow our choices
constexpr double hot_waiting = 1;  // requests waiting per worker, beyond the one it serves

}  // namespace

void usual::learn_path(double left, double seconds) {
  ++path_samples_;
  const double part = std::max(1 - faded((seconds - path_counted_) / path_fading), 1 / path_samples_);
  path_counted_ = seconds;
  path_ += (left - path_) * part;
}

void usual::refresh(std::span<const replica_evidence> all, double seconds, std::vector<double>& scratch) {
  if (refreshed_ >= 0 && seconds - refreshed_ < refresh_every) return;
  refreshed_ = seconds;
  double own = 0;
  double total = 0;
  double hot = 0;
  double heard_of = 0;
  scratch.clear();
  for (const replica_evidence& it : all) {
    if (it.reported < 0) continue;
    scratch.push_back(it.others);
    own += it.own;
    total += it.own + it.others;
    hot += it.own + it.others > (1 + hot_waiting) * it.workers;
    ++heard_of;
  }
  others_median_ = quartile(scratch, 2, others_median_);
  scratch.clear();
  for (const replica_evidence& it : all)
    if (it.service > 0) scratch.push_back(it.service);
  service_ = quartile(scratch, 2, service_);
  others_mean_ = heard_of > 0 ? (total - own) / heard_of : 0;
  hot_ = heard_of > 0 ? hot / heard_of : 0;
  if (own >= 1) learn_scale(own, total, seconds);
}

// How many of the others' calls follow ours, the reports tell.
void usual::learn_scale(double own, double all, double seconds) {
  const double sample = 1 + followers * (std::clamp(all / own, 1., 100.) - 1);
  const double kept = faded((seconds - scaled_at_) / scale_fading);
  own_scale_ = own_scale_ * kept + sample * (1 - kept);
  scaled_at_ = seconds;
}

}  // namespace troupe::balance
