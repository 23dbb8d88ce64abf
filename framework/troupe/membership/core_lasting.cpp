// What keeps a cluster one over time: joining by seeds, trying the dead again, and forgetting.
#include <algorithm>
#include <string>
#include <utility>

#include <troupe/membership/core.hpp>
#include <troupe/membership/jitter.hpp>

namespace troupe::membership {

namespace {

constexpr std::size_t seeds_max = 64;
constexpr duration sweep_period = 10s;
/// Who has left does not come back in that life, so it is only shown for a while.
constexpr duration left_kept_for = 5min;
/// A seed that no live member listens on is tried about this often by the whole cluster: it may be a member
/// under another address (an alias), and then the attempts never end.
constexpr double seed_healing_seconds = 10;
/// Draws among those who are gone, in search of one who is dead rather than left.
constexpr int draws_max = 8;

}  // namespace

void core::join(std::vector<endpoint> seeds, time_point now, actions& out) {
  if (seeds.size() > seeds_max) {
    out.notes.push_back("only the first " + std::to_string(seeds_max) + " of " +
                        std::to_string(seeds.size()) + " seeds are used");
    seeds.resize(seeds_max);
  }
  const bool first_time = seeds_.empty();
  seeds_ = std::move(seeds);
  if (!running() || !alone()) return;
  const bool own = std::find(seeds_.begin(), seeds_.end(), self().who->address) != seeds_.end();
  if (first_time) joined_ = seeds_.empty() || own;
  ask_seeds(now, out);
}

void core::ask_seeds(time_point now, actions& out) {
  for (const auto& seed : seeds_)
    if (seed != self().who->address) out.syncs.push_back(seed);
  next_join_ = joined_ ? never : now + jittered(settings_.join_retry, random_);
  referrals_left_ = referrals_max;
}

/// Partitions heal because the dead are still tried, by the whole cluster about once a period, and the
/// seeds when nobody is left. A dead member that lives learns from the note in the ping what is believed
/// of it, and refutes.
void core::heal(time_point now, actions& out) {
  next_heal_ = now + jittered(settings_.probe_period, random_);
  if (!settings_.healing) return;
  const bool lonely = alone() || isolated();
  const double mine = to_seconds(settings_.probe_period) / static_cast<double>(roster_.live());
  if (lonely || random_.unit() < mine) {
    for (int draw = 0; draw < draws_max; ++draw) {
      const auto* tried = roster_.pick_departed(random_);
      if (tried == nullptr) break;
      if (tried->state != state::dead) continue;
      warn(describe(*tried, carry::version_only), cargo::news, out);
      break;
    }
  }
  if (seeds_.empty() || !(lonely || random_.unit() < mine / seed_healing_seconds)) return;
  const auto seed = seeds_[random_.below(static_cast<std::uint32_t>(seeds_.size()))];
  const bool present = !lonely && std::any_of(roster_.begin(), roster_.end(), [&](const known_node& one) {
    return is_live(one.state) && one.who->address == seed;
  });
  if (!present && joined_ && seed != self().who->address) out.syncs.push_back(seed);
}

void core::forget(node_id who) {
  const auto* known = roster_.find(who);
  tombstones_.bury(who, {known->self.epoch, known->incarnation, known->state});
  happened(event_kind::forgotten, *known);
  news_.forget(who);
  contacts_.erase(who);
  accusations_.erase(who);
  roster_.erase(who);
}

void core::forget_the_old(time_point now) {
  next_sweep_ = now + std::min(sweep_period, settings_.dead_kept_for);
  const auto sweep = [&](auto& gone, state as, duration kept) {
    while (!gone.empty()) {
      const auto [since, who] = gone.front();
      const auto* known = roster_.find(who);
      const bool stale = known == nullptr || known->state != as || known->since != since;
      if (!stale && now - since < kept) break;
      gone.pop_front();
      if (!stale) forget(who);
    }
    // Who comes and goes often leaves stale entries behind those that are kept.
    if (gone.size() > 2 * (roster_.size() - roster_.live()) + 64)
      std::erase_if(gone, [&](const auto& entry) {
        const auto* known = roster_.find(entry.second);
        return known == nullptr || known->state != as || known->since != entry.first;
      });
  };
  sweep(left_, state::left, std::min(left_kept_for, settings_.dead_kept_for));
  sweep(dead_, state::dead, settings_.dead_kept_for);
}

/// Forgets whoever has been gone for longest, so that the living find a place.
void core::make_room() {
  while (!left_.empty() || !dead_.empty()) {
    const bool from_left = dead_.empty() || (!left_.empty() && left_.front() < dead_.front());
    auto& gone = from_left ? left_ : dead_;
    const auto [since, who] = gone.front();
    gone.pop_front();
    const auto* known = roster_.find(who);
    if (known == nullptr || who == self_ || is_live(known->state) || known->since != since) continue;
    return forget(who);
  }
}

}  // namespace troupe::membership
