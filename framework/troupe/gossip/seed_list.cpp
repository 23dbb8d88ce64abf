#include <algorithm>
#include <thread>
#include <utility>

#include <troupe/gossip/seed_list.hpp>

namespace troupe::gossip {

seed_list::seed_list(std::vector<std::string> said, resolver look_up, actor::poster later,
                     std::function<void(resolution)> resolved)
    : said_(std::move(said)),
      look_up_(std::move(look_up)),
      later_(std::move(later)),
      resolved_(std::move(resolved)) {}

bool seed_list::has_names() const {
  return std::any_of(said_.begin(), said_.end(), [](const auto& seed) { return !parse_endpoint(seed); });
}

void seed_list::add(const std::vector<std::string>& seeds) {
  for (const auto& seed : seeds) {
    std::erase(said_, seed);
    said_.push_back(seed);
  }
  const auto excess = said_.size() - std::min(said_.size(), seeds_max);
  said_.erase(said_.begin(), said_.begin() + static_cast<std::ptrdiff_t>(excess));
}

void seed_list::resolve() {
  resolution outcome;
  std::vector<std::string> names;
  for (const auto& seed : said_) {
    if (const auto where = parse_endpoint(seed))
      outcome.found.push_back(*where);
    else
      names.push_back(seed);
  }
  if (names.empty()) return take(std::move(outcome));
  if (std::exchange(resolving_, true)) return;
  // `this` is touched by what is posted only, and that runs while the owner is there.
  std::thread([this, later = later_, look_up = look_up_, names = std::move(names),
               outcome = std::move(outcome)]() mutable {
    for (const auto& name : names) {
      const auto addresses = look_up(name);
      if (addresses)
        outcome.found.insert(outcome.found.end(), addresses->begin(), addresses->end());
      else
        outcome.problems.push_back(addresses.error().text);
    }
    later([this, outcome = std::move(outcome)] {
      resolving_ = false;
      take(outcome);
    });
  }).detach();
}

void seed_list::take(resolution outcome) {
  if (!outcome.found.empty()) addresses_ = outcome.found;
  resolved_(std::move(outcome));
}

}  // namespace troupe::gossip
