#include <algorithm>

#include <troupe/membership/self_report.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

void self_report::set_worker_lag(int level) {
  worker_lag_ = static_cast<std::uint8_t>(std::clamp(level, 0, int{worker_lag_max}));
}

void self_report::restate(const std::vector<node_id>& lossy, const step& at) {
  alarms_.clear(alarm::restate);
  auto& mine = at.table.self();
  if (!at.table.is_running()) return;
  const bool lags_as_before = mine.worker_lag == worker_lag_;
  if (lags_as_before && mine.who->lossy == lossy) return;
  if (at.now < restated_ + at.settings.restate_interval) {
    alarms_.set(alarm::restate, restated_ + at.settings.restate_interval);
    return;
  }
  restated_ = at.now;
  const auto before = mine.who->lossy;
  at.table.amend(mine, [&](known_node& next) {
    ++next.incarnation;
    next.worker_lag = worker_lag_;
    if (before != lossy) next.who = make_attributes(next.who->name, next.who->address, lossy);
  });
  if (!lags_as_before) at.happened(event_kind::changed, mine);
  at.take_losses(mine.self.node, before, lossy);
  at.announce(mine, urgency::load, carry::version_only);
}

}  // namespace troupe::membership
