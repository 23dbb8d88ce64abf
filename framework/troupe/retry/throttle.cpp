#include <algorithm>
#include <cmath>

#include <troupe/retry/throttle.hpp>

namespace troupe::retry {

namespace {

constexpr double accepts_factor = 2;  // K
constexpr double requests_min = 20;
constexpr duration fading = 3s;
constexpr std::uint32_t trusted_sent = 10;
constexpr duration trusted_after = 500ms;
constexpr duration fading_step = 100ms;  // an exponential a call would cost more than the rest of this

std::size_t index_of(rpc::criticality of) { return static_cast<std::size_t>(of); }

}  // namespace

double throttle::kept(time_point now) const {
  return std::exp(-std::max(0., to_seconds(now - faded_)) / to_seconds(fading));
}

void throttle::fade(time_point now) {
  if (now - faded_ < fading_step) return;
  const double share = kept(now);
  for (tally& each : tallies_) {
    each.requests *= share;
    each.accepts *= share;
  }
  faded_ = now;
}

void throttle::sent(rpc::criticality of, time_point now) {
  fade(now);
  tally& its = tallies_[index_of(of)];
  const bool trusted = ++its.sent >= trusted_sent && now - its.refused >= trusted_after;
  if (trusted && its.requests > accepts_factor * its.accepts) its.requests = its.accepts = 0;
  its.requests += 1;
  its.accepts += 1;
}

void throttle::refused(rpc::criticality of, time_point now) {
  fade(now);
  tally& its = tallies_[index_of(of)];
  its.accepts = std::max(0., its.accepts - 1);
  its.sent = 0;
  its.refused = now;
}

double throttle::probability(rpc::criticality of, time_point now) const {
  double highest = 0;
  const double share = now - faded_ < fading_step ? 1 : kept(now);
  for (std::size_t i = index_of(of); i < rpc::criticalities; ++i) {
    const double requests = tallies_[i].requests * share;
    if (requests < requests_min) continue;
    highest = std::max(highest, (requests - accepts_factor * tallies_[i].accepts * share) / (requests + 1));
  }
  return highest;
}

bool throttle::refuses(rpc::criticality of, random_source& random, time_point now) {
  const double chance = probability(of, now);
  if (chance <= 0 || random.unit() >= chance) return false;
  fade(now);
  tallies_[index_of(of)].requests += 1;
  return true;
}

}  // namespace troupe::retry
