#include <algorithm>
#include <cmath>

#include <troupe/membership/suspicion.hpp>

namespace troupe::membership {

namespace {

constexpr int confirmations_wanted = 3;  // the paper's K

duration scaled(duration value, double factor) {
  return duration(static_cast<duration::rep>(static_cast<double>(value.count()) * factor));
}

}  // namespace

suspicion_bounds bounds_of(const options& settings, std::size_t live) {
  const double size = std::max(1.0, std::log10(static_cast<double>(std::max<std::size_t>(live, 1))));
  suspicion_bounds bounds;
  bounds.shortest = scaled(settings.probe_period, settings.suspicion_alpha * size);
  bounds.longest = bounds.shortest * settings.suspicion_beta;
  bounds.confirmations = live >= confirmations_wanted + 2 ? confirmations_wanted : 0;
  return bounds;
}

suspicion::suspicion(node_id accuser, suspicion_bounds bounds, time_point now)
    : accusers_{accuser}, bounds_(bounds), started_(now) {}

bool suspicion::confirm(node_id accuser) {
  if (static_cast<int>(accusers_.size()) > bounds_.confirmations) return false;
  if (std::find(accusers_.begin(), accusers_.end(), accuser) != accusers_.end()) return false;
  accusers_.push_back(accuser);
  return true;
}

time_point suspicion::deadline() const {
  if (bounds_.confirmations == 0) return started_ + bounds_.shortest;
  // longest - (longest - shortest) * log(C + 1) / log(K + 1), with C the confirmations beyond the accuser.
  const auto confirmed = static_cast<double>(accusers_.size() - 1);
  const double share = std::log(confirmed + 1) / std::log(bounds_.confirmations + 1.0);
  return started_ +
         std::max(bounds_.shortest, bounds_.longest - scaled(bounds_.longest - bounds_.shortest, share));
}

}  // namespace troupe::membership
