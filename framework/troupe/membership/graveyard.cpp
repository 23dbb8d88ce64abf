#include <troupe/membership/graveyard.hpp>

namespace troupe::membership {

void graveyard::bury(node_id who, const standing& last) {
  if (refuses(who, last)) return;
  exhume(who);
  graves_.emplace(who, grave{last, next_number_});
  by_age_.emplace(next_number_++, who);
  if (graves_.size() > graves_max_) exhume(by_age_.begin()->second);
}

bool graveyard::refuses(node_id who, const standing& news) const {
  const auto found = graves_.find(who);
  return found != graves_.end() && !supersedes(news, found->second.last);
}

std::optional<standing> graveyard::find(node_id who) const {
  const auto found = graves_.find(who);
  if (found == graves_.end()) return std::nullopt;
  return found->second.last;
}

void graveyard::exhume(node_id who) {
  const auto found = graves_.find(who);
  if (found == graves_.end()) return;
  by_age_.erase(found->second.number);
  graves_.erase(found);
}

}  // namespace troupe::membership
