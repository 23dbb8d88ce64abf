#include <algorithm>
#include <cmath>

#include <troupe/membership/suspicion.hpp>

namespace troupe::membership {

namespace {

constexpr int doubtful_max = 2;  // remembered of a suspicion; only that there is one matters

duration scaled(duration value, double factor) {
  return duration(static_cast<duration::rep>(static_cast<double>(value.count()) * factor));
}

}  // namespace

suspicion_bounds bounds_of(const options& settings, std::size_t live) {
  const double size = std::max(1.0, std::log10(static_cast<double>(std::max<std::size_t>(live, 1))));
  const auto wanted = settings.suspicion_confirmations;
  suspicion_bounds bounds;
  bounds.shortest = scaled(settings.probe_period, settings.suspicion_alpha * size);
  bounds.longest = scaled(bounds.shortest, settings.suspicion_beta);
  bounds.confirmations = live >= static_cast<std::size_t>(wanted) + 2 ? wanted : 0;
  return bounds;
}

suspicion::suspicion(node_id accuser, trust word, suspicion_bounds bounds, time_point now)
    : accusers_{{accuser, now}}, trusted_(word == trust::full ? 1 : 0), bounds_(bounds), started_(now) {}

bool suspicion::confirm(node_id accuser, trust word, time_point now) {
  const auto doubtful = static_cast<int>(accusers_.size()) - trusted_;
  const bool enough = word == trust::doubtful ? doubtful >= doubtful_max : trusted_ > bounds_.confirmations;
  if (enough && !is_lone()) return false;
  if (std::any_of(accusers_.begin(), accusers_.end(),
                  [&](const word_of& one) { return one.accuser == accuser; }))
    return false;
  accusers_.push_back({accuser, now});
  return word == trust::full && ++trusted_ > 1 && bounds_.confirmations > 0;
}

time_point suspicion::last_accused(node_id except) const {
  auto last = time_point::min();
  for (const auto& one : accusers_)
    if (one.accuser != except) last = std::max(last, one.when);
  return last;
}

time_point suspicion::deadline() const {
  if (bounds_.confirmations == 0 || certain_) return started_ + bounds_.shortest;
  // longest - (longest - shortest) * log(C + 1) / log(K + 1), with C the trusted beyond the first of them.
  const auto confirmed = std::max(0, trusted_ - 1);
  const double share = std::log(confirmed + 1.0) / std::log(bounds_.confirmations + 1.0);
  return started_ +
         std::max(bounds_.shortest, bounds_.longest - scaled(bounds_.longest - bounds_.shortest, share));
}

}  // namespace troupe::membership
