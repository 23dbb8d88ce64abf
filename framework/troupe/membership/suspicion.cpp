#include <algorithm>
#include <cmath>
#include <iterator>

#include <troupe/membership/suspicion.hpp>

namespace troupe::membership {

namespace {

constexpr int doubtful_max = 2;  // remembered of a suspicion; only that there is one matters

duration scaled(duration value, double factor) {
  return duration(static_cast<duration::rep>(static_cast<double>(value.count()) * factor));
}

}  // namespace

suspicion_bounds bounds_of(const options& settings, std::size_t live) {
  const double size = std::max(1.0, std::log10(static_cast<double>(std::max<std::size_t>(live, 1))));
  const auto wanted = settings.suspicion_confirmations;
  suspicion_bounds bounds;
  bounds.shortest = scaled(settings.probe_period, settings.suspicion_alpha * size);
  bounds.longest = scaled(bounds.shortest, settings.suspicion_beta);
  bounds.confirmations = live >= static_cast<std::size_t>(wanted) + 2 ? wanted : 0;
  return bounds;
}

suspicion::suspicion(node_id accuser, trust word, suspicion_bounds bounds, time_point now)
    : accusers_{{accuser, now}}, trusted_(word == trust::full ? 1 : 0), bounds_(bounds), started_(now) {}

bool suspicion::confirm(node_id accuser, trust word, time_point now) {
  const auto doubtful = static_cast<int>(accusers_.size()) - trusted_;
  const bool enough = word == trust::doubtful ? doubtful >= doubtful_max : trusted_ > bounds_.confirmations;
  if (enough && !is_lone()) return false;
  if (std::any_of(accusers_.begin(), accusers_.end(),
                  [&](const word_of& one) { return one.accuser == accuser; }))
    return false;
  accusers_.push_back({accuser, now});
  return word == trust::full && ++trusted_ > 1 && bounds_.confirmations > 0;
}

time_point suspicion::last_accused(node_id except) const {
  auto last = time_point::min();
  for (const auto& one : accusers_)
    if (one.accuser != except) last = std::max(last, one.when);
  return last;
}

time_point suspicion::deadline() const {
  if (bounds_.confirmations == 0 || certain_) return started_ + bounds_.shortest;
  // longest - (longest - shortest) * log(C + 1) / log(K + 1), with C the trusted beyond the first of them.
  const auto confirmed = std::max(0, trusted_ - 1);
  const double share = std::log(confirmed + 1.0) / std::log(bounds_.confirmations + 1.0);
  return started_ +
         std::max(bounds_.shortest, bounds_.longest - scaled(bounds_.longest - bounds_.shortest, share));
}

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
