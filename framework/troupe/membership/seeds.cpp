#include <algorithm>
#include <string>
#include <utility>

#include <troupe/membership/jitter.hpp>
#include <troupe/membership/seeds.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

/// A seed that no live member listens on is tried about this often by the whole cluster: it may be a member
/// under another address (an alias), and then the attempts never end.
constexpr double seed_healing_seconds = 10;
/// Draws among those who are gone, in search of one who is dead rather than left.
constexpr int draws_max = 8;
constexpr int referrals_max = 3;

}  // namespace

void seeds::join(std::vector<endpoint> all, const step& at) {
  if (all.size() > most) {
    at.note("only the first " + std::to_string(most) + " of " + std::to_string(all.size()) +
            " seeds are used");
    all.resize(most);
  }
  const bool first_time = all_.empty();
  all_ = std::move(all);
  if (!at.table.is_running() || !at.table.is_alone()) return;
  const bool own = std::find(all_.begin(), all_.end(), at.table.self().who->address) != all_.end();
  if (first_time) joined_ = all_.empty() || own;
  ask(at);
}

void seeds::ask(const step& at) {
  for (const auto& seed : all_)
    if (seed != at.table.self().who->address) at.out.syncs.push_back(seed);
  if (joined_)
    alarms_.clear(alarm::ask);
  else
    alarms_.set(alarm::ask, at.now + jittered(at.settings.join_retry, at.random));
  referrals_left_ = referrals_max;
}

void seeds::answered() {
  joined_ = true;
  alarms_.clear(alarm::ask);
}

void seeds::ask_elsewhere(const std::vector<endpoint>& others, const step& at) {
  if (joined_ || others.empty() || referrals_left_ <= 0) return;
  --referrals_left_;
  const auto& other = others[at.random.below(static_cast<std::uint32_t>(others.size()))];
  if (other && !other.is_unspecified() && other != at.table.self().who->address)
    at.out.syncs.push_back(other);
}

void seeds::tick(const step& at) {
  if (alarms_.due(alarm::ask, at.now)) ask(at);
}

/// Partitions heal because the dead are still tried, by the whole cluster about once a period, and the
/// seeds when nobody is left.
void seeds::heal(bool isolated, const step& at) {
  if (!alarms_.due(alarm::heal, at.now)) return;
  alarms_.set(alarm::heal, at.now + jittered(at.settings.probe_period, at.random));
  if (!at.settings.healing) return;
  const bool lonely = at.table.is_alone() || isolated;
  const double mine = to_seconds(at.settings.probe_period) / static_cast<double>(at.table.live());
  if (lonely || at.random.unit() < mine) try_the_dead(at);
  if (!all_.empty() && (lonely || at.random.unit() < mine / seed_healing_seconds)) try_a_seed(lonely, at);
}

/// A dead member that lives learns from the note in the ping what is believed of it, and refutes.
void seeds::try_the_dead(const step& at) const {
  for (int draw = 0; draw < draws_max; ++draw) {
    const auto* tried = at.table.everybody().pick_departed(at.random);
    if (tried == nullptr) return;
    if (tried->state != state::dead) continue;
    return at.warn(at.table.describe(*tried, carry::version_only), cargo::news);
  }
}

void seeds::try_a_seed(bool lonely, const step& at) const {
  const auto seed = all_[at.random.below(static_cast<std::uint32_t>(all_.size()))];
  const auto& everybody = at.table.everybody();
  const bool present = !lonely && std::any_of(everybody.begin(), everybody.end(), [&](const known_node& one) {
    return is_live(one.state) && one.who->address == seed;
  });
  if (!present && joined_ && seed != at.table.self().who->address) at.out.syncs.push_back(seed);
}

}  // namespace troupe::membership
