#include <algorithm>

#include <troupe/routing/hedge_gate.hpp>

namespace troupe::routing {

namespace {
constexpr duration hot_for = 2s;
constexpr duration wait_noticed = 1ms;
}  // namespace

void hedge_gate::note(std::uint32_t replica, const rpc::load_report& load, time_point now) {
  const bool hot =
      load.has(rpc::load_flag::overloaded) || load.queue_delay > std::max(load.service_time, wait_noticed);
  if (!hot && replica >= hot_until_.size()) return;
  if (replica >= hot_until_.size()) hot_until_.resize(replica + 1);
  hot_until_[replica] = hot ? now + hot_for : time_point{};
}

bool hedge_gate::is_open(std::uint32_t replicas, time_point now) const {
  if (budget_.balance(now) < 1) return false;
  const auto hot =
      std::count_if(hot_until_.begin(), hot_until_.end(), [now](time_point until) { return until > now; });
  return 4 * static_cast<std::uint64_t>(hot) <= replicas;
}

}  // namespace troupe::routing
