#include <algorithm>

#include <troupe/membership/departed.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

constexpr duration sweep_period = 10s;
/// Who has left does not come back in that life, so it is only shown for a while.
constexpr duration left_kept_for = 5min;
/// Stale entries are dropped where there are more of them than that beside the others.
constexpr std::size_t stale_max = 64;

}  // namespace

departed::departed(time_point now) { alarms_.set(alarm::sweep, now + sweep_period); }

void departed::note(node_id who, state as, time_point now) {
  (as == state::dead ? dead_ : left_).emplace_back(now, who);
}

bool departed::is_stale(const queue::value_type& entry, state as, const roster& all) {
  const auto* known = all.find(entry.second);
  return known == nullptr || known->state != as || known->since != entry.first;
}

void departed::sweep(queue& gone, state as, duration kept, const step& at) {
  const auto& all = at.table.everybody();
  while (!gone.empty()) {
    const auto entry = gone.front();
    const bool stale = is_stale(entry, as, all);
    if (!stale && at.now - entry.first < kept) break;
    gone.pop_front();
    if (!stale) at.forget(entry.second);
  }
  // Who comes and goes often leaves stale entries behind those that are kept.
  if (gone.size() > 2 * (all.size() - all.live()) + stale_max)
    std::erase_if(gone, [&](const auto& entry) { return is_stale(entry, as, all); });
}

void departed::tick(const step& at) {
  if (!alarms_.due(alarm::sweep, at.now)) return;
  alarms_.set(alarm::sweep, at.now + std::min(sweep_period, at.settings.dead_kept_for));
  sweep(left_, state::left, std::min(left_kept_for, at.settings.dead_kept_for), at);
  sweep(dead_, state::dead, at.settings.dead_kept_for, at);
}

void departed::make_room(const step& at) {
  while (!left_.empty() || !dead_.empty()) {
    const bool from_left = dead_.empty() || (!left_.empty() && left_.front() < dead_.front());
    auto& gone = from_left ? left_ : dead_;
    const auto [since, who] = gone.front();
    gone.pop_front();
    const auto* known = at.table.find(who);
    if (known == nullptr || who == at.table.self_id() || is_live(known->state) || known->since != since)
      continue;
    return at.forget(who);
  }
}

}  // namespace troupe::membership
