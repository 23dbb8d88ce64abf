#include <algorithm>
#include <iterator>
#include <utility>

#include <troupe/membership/dissemination.hpp>

namespace troupe::membership {

namespace {

/// Entries that do not fit are passed over, but not without end.
constexpr int passed_over_max = 64;

}  // namespace

void dissemination::announce(update what, urgency how_urgent, int budget) {
  if (what.document && size_bound(what) > update_bytes_max_) what.document.reset();
  const node_id subject = what.subject.node;
  if (const auto found = entries_.find(subject); found != entries_.end()) {
    how_urgent = std::min(how_urgent, found->second.position.how_urgent);
    // The replaced one may have carried a document that has not reached everybody.
    auto& before = found->second.what;
    if (!what.document && before.document && before.subject == what.subject && what.state == state::alive &&
        before.registration_version == what.registration_version)
      what.document = std::move(before.document);
    forget(subject);
  }
  const rank position{how_urgent, 0, next_age_--, subject};
  const auto bytes = size_bound(what);
  order_.insert(position);
  entries_.emplace(subject, entry{std::move(what), bytes, budget, position});
  if (entries_.size() <= entries_max_) return;
  ++dropped_;
  forget(std::prev(order_.end())->subject);
}

void dissemination::take(std::size_t bytes, node_id receiver, std::vector<update>& into) {
  const auto already = into.size();
  const auto has = [&](node_id subject) {
    return std::any_of(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(already),
                       [&](const update& known) { return known.subject.node == subject; });
  };
  const auto smallest_bytes = size_bound(update{});  // with less room than this, nothing more can fit
  std::vector<node_id> taken;
  int passed_over = 0;
  for (const auto& position : order_) {
    if (bytes < smallest_bytes || passed_over > passed_over_max) break;
    const auto& candidate = entries_.at(position.subject);
    const bool known_better = position.subject == receiver && candidate.what.state == state::alive;
    if (candidate.bytes > bytes || known_better || has(position.subject)) {
      ++passed_over;
      continue;
    }
    bytes -= candidate.bytes;
    into.push_back(candidate.what);
    taken.push_back(position.subject);
  }
  for (const auto subject : taken) {
    auto& told = entries_.at(subject);
    order_.erase(told.position);
    ++told.position.told;
    if (--told.left <= 0)
      entries_.erase(subject);
    else
      order_.insert(told.position);
  }
}

void dissemination::forget(node_id subject) {
  const auto found = entries_.find(subject);
  if (found == entries_.end()) return;
  order_.erase(found->second.position);
  entries_.erase(found);
}

void dissemination::clear() {
  entries_.clear();
  order_.clear();
}

}  // namespace troupe::membership
