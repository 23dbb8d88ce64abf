#include <algorithm>
#include <iterator>
#include <utility>

#include <troupe/membership/dissemination.hpp>

namespace troupe::membership {

namespace {

/// Entries that do not fit are passed over, but not without end.
constexpr int passed_over_max = 64;

/// Tellings of the most urgent news that go before the first one of this.
constexpr int handicap_of(urgency how_urgent) {
  switch (how_urgent) {
    case urgency::refutation:
    case urgency::failure:
      return 0;
    case urgency::join:
    case urgency::registration:
      return 1;
    case urgency::load:
      return 3;
  }
  return 0;
}

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
  }
  forget(subject);
  const rank position{handicap_of(how_urgent), how_urgent, next_age_--, subject};
  const auto bytes = size_bound(what);
  order_.insert(position);
  bytes_ += bytes;
  entries_.emplace(subject, entry{std::move(what), bytes, budget, budget, position});
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
    ++told.position.turn;
    if (--told.left > 0) {
      order_.insert(told.position);
      continue;
    }
    // A suspicion is not settled, and in no digest.
    if (told.what.state != state::suspect) spent_.push_front({std::move(told.what), told.budget});
    if (spent_.size() > spent_max) spent_.pop_back();
    bytes_ -= told.bytes;
    entries_.erase(subject);
  }
}

void dissemination::retell(std::size_t bytes, node_id receiver, std::vector<update>& into) {
  for (auto& each : spent_) {
    const auto takes = size_bound(each.what);
    if (each.left <= 0 || takes > bytes || each.what.subject.node == receiver) continue;
    bytes -= takes;
    --each.left;
    into.push_back(each.what);
  }
  std::erase_if(spent_, [](const spent& each) { return each.left <= 0; });
}

void dissemination::forget(node_id subject) {
  std::erase_if(spent_, [&](const spent& each) { return each.what.subject.node == subject; });
  const auto found = entries_.find(subject);
  if (found == entries_.end()) return;
  order_.erase(found->second.position);
  bytes_ -= found->second.bytes;
  entries_.erase(found);
}

void dissemination::clear() {
  entries_.clear();
  bytes_ = 0;
  order_.clear();
  spent_.clear();
}

}  // namespace troupe::membership
