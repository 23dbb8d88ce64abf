#include <troupe/membership/tombstones.hpp>

namespace troupe::membership {

void tombstones::bury(node_id who, const claim& last) {
  if (refuses(who, last)) return;
  remove(who);
  stones_.emplace(who, stone{last, next_number_});
  by_age_.emplace(next_number_++, who);
  if (stones_.size() > stones_max_) remove(by_age_.begin()->second);
}

bool tombstones::refuses(node_id who, const claim& news) const {
  const auto found = stones_.find(who);
  return found != stones_.end() && !supersedes(news, found->second.last);
}

std::optional<claim> tombstones::find(node_id who) const {
  const auto found = stones_.find(who);
  if (found == stones_.end()) return std::nullopt;
  return found->second.last;
}

void tombstones::remove(node_id who) {
  const auto found = stones_.find(who);
  if (found == stones_.end()) return;
  by_age_.erase(found->second.number);
  stones_.erase(found);
}

}  // namespace troupe::membership
