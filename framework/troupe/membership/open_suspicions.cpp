#include <algorithm>
#include <iterator>
#include <utility>

#include <troupe/membership/open_suspicions.hpp>

namespace troupe::membership {

template <class Edit>
void open_suspicions::amend(node_id who, Edit&& edit) {
  const auto found = open_.find(who);
  if (found == open_.end()) return;
  order_.erase({found->second.deadline(), who});
  edit(found->second);
  order_.emplace(found->second.deadline(), who);
}

void open_suspicions::open(node_id who, suspicion doubt) {
  close(who);
  order_.emplace(doubt.deadline(), who);
  open_.emplace(who, std::move(doubt));
}

void open_suspicions::close(node_id who) {
  const auto found = open_.find(who);
  if (found == open_.end()) return;
  order_.erase({found->second.deadline(), who});
  open_.erase(found);
}

const suspicion* open_suspicions::find(node_id who) const {
  const auto found = open_.find(who);
  return found == open_.end() ? nullptr : &found->second;
}

bool open_suspicions::confirm(node_id who, node_id accuser, trust word, time_point now) {
  bool shortened = false;
  amend(who, [&](suspicion& doubt) { shortened = doubt.confirm(accuser, word, now); });
  return shortened;
}

void open_suspicions::postpone(node_id who, duration by) {
  amend(who, [&](suspicion& doubt) { doubt.postpone(by); });
}

void open_suspicions::asked(node_id who) {
  amend(who, [&](suspicion& doubt) { doubt.asked(); });
}

void open_suspicions::set_certain(node_id who, bool value) {
  amend(who, [&](suspicion& doubt) { doubt.set_certain(value); });
}

template <class Edit>
void open_suspicions::amend_all(Edit&& edit) {
  order_.clear();
  for (auto& [who, doubt] : open_) {
    edit(doubt);
    order_.emplace(doubt.deadline(), who);
  }
}

void open_suspicions::postpone_all(duration by) {
  amend_all([&](suspicion& doubt) { doubt.postpone(by); });
}

void open_suspicions::restart_all(time_point now) {
  amend_all([&](suspicion& doubt) { doubt.restart(now); });
}

void open_suspicions::doubt_all() {
  amend_all([](suspicion& doubt) { doubt.set_certain(false); });
}

time_point open_suspicions::gathered(duration wait) const {
  if (order_.empty()) return never;
  return std::prev(order_.upper_bound({order_.begin()->first + wait, node_id{~std::uint64_t{0}}}))->first;
}

std::vector<node_id> open_suspicions::due(time_point when) const {
  std::vector<node_id> all;
  for (const auto& [deadline, who] : order_) {
    if (deadline > when) break;
    all.push_back(who);
  }
  return all;
}

std::vector<node_id> open_suspicions::only_of(node_id accuser) const {
  std::vector<node_id> all;
  for (const auto& [who, doubt] : open_)
    if (doubt.is_only_of(accuser)) all.push_back(who);
  return all;
}

bool open_suspicions::has_shared() const {
  return std::any_of(open_.begin(), open_.end(), [](const auto& entry) { return entry.second.is_shared(); });
}

}  // namespace troupe::membership
