#include <algorithm>
#include <cmath>

#include <troupe/retry/throttle.hpp>

namespace troupe::retry {

namespace {

constexpr double accepts_factor = 2;  // K
constexpr double requests_min = 20;
constexpr duration fading = 10s;
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
  tallies_[index_of(of)].requests += 1;
  tallies_[index_of(of)].accepts += 1;
}

void throttle::refused(rpc::criticality of, time_point now) {
  fade(now);
  double& accepts = tallies_[index_of(of)].accepts;
  accepts = std::max(0., accepts - 1);
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
