#include <algorithm>

#include <troupe/balance/replica_evidence.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::balance {

namespace {

constexpr double shed_max = .95;
constexpr double rise = .75;  // of the way to a stall, at once; the way down takes seconds
constexpr double slowness_min = .05, slowness_max = 100;

}  // namespace

void replica_evidence::began(std::uint32_t silent_in_flight_min, double seconds) {
  ++own;
  tried = true;
  if (++unanswered == silent_in_flight_min) waiting_since = seconds;
  own_started += seconds;
}

void replica_evidence::ended(double started) {
  --own;
  own_started = own == 0 ? 0 : own_started - started;
}

bool replica_evidence::take_load(const rpc::load_report& load, asked_by why, double taken) {
  if (taken < reported) return false;
  // `own` no longer counts an answered request, the report still does. Of one that bounced, no `yours` is
  // none of ours; elsewhere it is a server that does not tell.
  const double answered = why == asked_by::request ? 1 : 0;
  const double ours = load.yours > 0 || why == asked_by::bounce ? load.yours : own + answered;
  others = std::max(0., load.in_flight - ours);
  reported = taken;
  workers = std::max(1u, load.workers);
  limit = load.limit > 0 ? load.limit : workers;
  return true;
}

// Up at once, by what exceeds twice the memory, since a stall counts and the spread of service times does
// not. The first answers are averaged: one alone would be remembered for seconds.
void replica_evidence::fold_service(double sample, double usual, double decay, double seconds) {
  const double bounded = std::clamp(sample, slowness_min * usual, slowness_max * usual);
  if (service <= 0) service = bounded;
  const double kept = faded((seconds - service_at) / decay);
  const double excess = bounded / 2 - service;
  const double fresh = std::max(1 - kept, 1 / (samples + 1));
  service += excess > 0 && samples > 1 ? rise * excess : fresh * (bounded - service);
  service_at = seconds;
}

void replica_evidence::cut_capacity(double seconds) {
  shed = 1 - (1 - capacity_cut(seconds)) * .5;
  shed = std::min(shed, shed_max);
  shed_at = seconds;
}

}  // namespace troupe::balance
