#include <algorithm>
#include <iterator>
#include <utility>

#include <troupe/membership/event_batch.hpp>

namespace troupe::membership {

void event_batch::note(event what, pressing how, const options& settings) {
  waiting_.push_back(std::move(what));
  if (how == pressing::yes)
    alarms_.set(alarm::release, time_point::min());
  else if (!alarms_.is_set(alarm::release))
    alarms_.set(alarm::release, released_ + settings.event_interval);
}

bool event_batch::holds_only_deaths() const {
  return std::all_of(waiting_.begin(), waiting_.end(),
                     [](const event& one) { return one.kind == event_kind::died; });
}

void event_batch::release(const options& settings, const open_suspicions& doubts, time_point now,
                          std::vector<event>& into) {
  if (waiting_.empty() || !alarms_.due(alarm::release, now)) return;
  if (settings.event_interval > 0s && doubts.has_shared() && holds_only_deaths()) {
    if (deaths_until_ == never) deaths_until_ = now + settings.verdict_wait;
    alarms_.set(alarm::release, std::min(now + settings.event_interval, deaths_until_));
    if (now < deaths_until_) return;
  }
  release_all(now, into);
}

void event_batch::release_all(time_point now, std::vector<event>& into) {
  if (waiting_.empty()) return;
  deaths_until_ = never;
  alarms_.clear(alarm::release);
  released_ = now;
  if (into.empty())
    into.swap(waiting_);
  else
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(into));
  waiting_.clear();
}

}  // namespace troupe::membership
