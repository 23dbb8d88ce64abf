#include <algorithm>
#include <bit>
#include <iterator>

#include <troupe/membership/loss.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::membership {

void loss_meter::watch(node_id who, time_point now) {
  if (watched_.size() < lossy_max) watched_.try_emplace(who, watched{.due = now});
}

void loss_meter::forget(node_id who) { watched_.erase(who); }

time_point loss_meter::next() const {
  auto soonest = never;
  for (const auto& [who, one] : watched_) soonest = std::min(soonest, one.due);
  return soonest;
}

node_id loss_meter::turn(time_point now, duration period) {
  for (auto& [who, one] : watched_) {
    if (one.due > now) continue;
    one.due = now + period;
    return who;
  }
  return {};
}

void loss_meter::note(node_id who, bool answered, double usual) {
  const auto found = watched_.find(who);
  if (found == watched_.end()) return;
  auto& one = found->second;
  constexpr std::uint32_t window = (std::uint32_t{1} << samples_max) - 1;
  one.lost = (one.lost << 1 | (answered ? 0u : 1u)) & window;
  one.samples = std::min(one.samples + 1, samples_max);
  const auto lost = std::popcount(one.lost);
  const auto expected = 2 * usual * one.samples;
  if (lost >= lost_min + expected && 100 * lost >= percent_ * one.samples) one.lossy = true;
  const bool sound = 200 * lost <= percent_ * one.samples || lost <= expected;
  if (one.samples >= (one.lossy ? samples_max : samples_min) && sound) watched_.erase(found);
}

std::vector<node_id> loss_meter::lossy() const {
  std::vector<node_id> all;
  for (const auto& [who, one] : watched_)
    if (one.lossy) all.push_back(who);
  return all;
}

std::vector<node_id> loss_reports::replace(node_id observer, const std::vector<node_id>& before,
                                           const std::vector<node_id>& after) {
  std::vector<node_id> changed;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                std::back_inserter(changed));
  for (const auto who : changed) {
    auto& observers = observers_[who];
    const auto place = std::lower_bound(observers.begin(), observers.end(), observer);
    const bool present = place != observers.end() && *place == observer;
    const bool wanted = std::binary_search(after.begin(), after.end(), who);
    if (wanted && !present) observers.insert(place, observer);
    if (!wanted && present) observers.erase(place);
    if (observers.empty()) observers_.erase(who);
  }
  return changed;
}

const std::vector<node_id>& loss_reports::observers_of(node_id who) const {
  const auto found = observers_.find(who);
  return found == observers_.end() ? nobody_ : found->second;
}

}  // namespace troupe::membership
