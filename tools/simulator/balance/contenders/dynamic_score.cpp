#include "dynamic_score.hpp"

#include <algorithm>
#include <utility>

#include <troupe/balance/policy.hpp>
#include <troupe/balance/replica_set.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::simulator {

namespace {

const option_names& names() {
  static const auto all = [] {
    option_names into;
    into.add(balance::options::list(),
             [](void* o) -> void* { return &static_cast<routing::options*>(o)->balance; });
    into.add(balance::weights::list(),
             [](void* o) -> void* { return &static_cast<routing::options*>(o)->balance.weight; });
    into.add(balance::ejection_options::list(),
             [](void* o) -> void* { return &static_cast<routing::options*>(o)->balance.ejection; });
    into.add(retry::options::list(),
             [](void* o) -> void* { return &static_cast<routing::options*>(o)->retry; });
    into.add(routing::options::list(), [](void* o) { return o; });
    return into;
  }();
  return all;
}

balance::distance distance_of(proximity far) {
  switch (far) {
    case proximity::same_host:
      return balance::distance::this_node;
    case proximity::same_zone:
      return balance::distance::same_zone;
    case proximity::same_region:
      return balance::distance::same_region;
    case proximity::remote:
      return balance::distance::remote;
  }
  return balance::distance::remote;
}

balance::outcome outcome_of(ending how) {
  switch (how) {
    case ending::success:
      return balance::outcome::success;
    case ending::bounced:
      return balance::outcome::bounced;
    case ending::refused:
      return balance::outcome::overloaded;
    case ending::failure:
    case ending::timed_out:
      return balance::outcome::failure;
  }
  return balance::outcome::failure;
}

class troupe_replicas final : public contender {
 public:
  troupe_replicas(const contest& of, std::uint64_t seed, balance::policy_kind by)
      : of_(of),
        settings_(options_with(of.settings).value().balance),
        set_(settings_, mix(seed), time_point{}),
        policy_(balance::make_policy(by)),
        random_(seed),
        replicas_(of.servers, nobody) {}

  std::optional<server_index> choose(const errand& what, time_point now) override {
    balance::request wanted;
    wanted.group = balance::replica_set::group_of(what.method);
    wanted.key = what.key;
    if (what.candidates.size() < present_) {
      among_.clear();
      for (const server_index each : what.candidates)
        if (replicas_[each] != nobody) among_.push_back(replicas_[each]);
      std::sort(among_.begin(), among_.end());
      wanted.among = among_;
    }
    const auto picked = set_.pick(*policy_, wanted, random_, now);
    bounce_at_ = 0;
    if (!picked) return what.candidates[random_.below(static_cast<std::uint32_t>(what.candidates.size()))];
    bounce_at_ = picked->bounce_at;
    set_.began(*picked, now);
    under_way_[picked->replica].push_back({now, *picked});
    return servers_[picked->replica];
  }

  void ended(const verdict& what, time_point now) override {
    const balance::replica_index at = replicas_[what.from];
    if (at == nobody) return;  // it has left
    auto& all = under_way_[at];
    const auto found = std::find_if(all.begin(), all.end(), [&](const sent& s) {
      return s.at == what.sent && s.what.group == balance::replica_set::group_of(what.method);
    });
    if (found == all.end()) return;
    balance::completion how;
    how.group = found->what.group;
    how.started = found->at;
    how.depth = found->what.depth;
    how.outcome = outcome_of(what.how);
    how.load = what.load;
    const std::uint32_t life = found->what.life;
    *found = all.back();
    all.pop_back();
    set_.ended(at, life, how, now);
  }

  void probe(time_point now, std::vector<server_index>& out) override {
    while (const auto whom = set_.probe_due(random_, now)) out.push_back(servers_[*whom]);
  }
  void probed(server_index from, const rpc::load_report& load, duration, time_point now) override {
    if (const auto at = replicas_[from]; at != nobody) set_.probed(at, set_.life_of(at), load, now);
  }

  std::uint32_t bounce_at() const override { return bounce_at_; }

  void tick(time_point now) override {
    if (now < next_watch_) return;
    next_watch_ = now + 100ms;
    set_.watch(now);
  }

  // As membership tells a router: who comes back is a new replica, without history.
  void appeared(server_index which, time_point) override {
    if (replicas_[which] != nobody) return;
    balance::replica_facts facts;
    facts.node = {which + 1};
    facts.name = "s" + std::to_string(which);
    if (which < of_.zones.size()) facts.distance = distance_of(of_.zones[which]);
    const balance::replica_index at = set_.add(std::move(facts));
    set_.set(at, balance::standing::unreachable, false);
    replicas_[which] = at;
    if (at >= servers_.size()) servers_.resize(at + 1), under_way_.resize(at + 1);
    servers_[at] = which;
    ++present_;
  }
  void left(server_index which, time_point) override {
    const balance::replica_index at = std::exchange(replicas_[which], nobody);
    if (at == nobody) return;
    set_.remove(at);
    under_way_[at].clear();
    --present_;
  }

 private:
  struct sent {
    time_point at;
    balance::choice what;
  };
  contest of_;
  balance::options settings_;
  balance::replica_set set_;
  std::unique_ptr<balance::policy> policy_;
  random_source random_;
  static constexpr balance::replica_index nobody = ~balance::replica_index{0};
  std::vector<balance::replica_index> replicas_;  // by server; nobody: not there
  std::vector<server_index> servers_;             // by replica
  std::vector<std::vector<sent>> under_way_;      // by replica
  std::vector<balance::replica_index> among_;
  std::size_t present_ = 0;
  std::uint32_t bounce_at_ = 0;
  time_point next_watch_{};
};

}  // namespace

result<void> read_setting(std::string_view name, std::string_view value, settings& into) {
  if (auto done = names().read(name, value, into); !done) return done;
  routing::options trial;
  return names().apply(into, &trial);
}

result<routing::options> options_with(const settings& changed) {
  routing::options all;
  if (const auto done = names().apply(changed, &all); !done) return done.error();
  if (const auto sound = all.validate(); !sound) return sound.error();
  return all;
}

std::unique_ptr<contender> make_dynamic_score(const contest& of, std::uint64_t seed) {
  return make_troupe(of, seed, balance::policy_kind::dynamic_score);
}

std::unique_ptr<contender> make_troupe(const contest& of, std::uint64_t seed, balance::policy_kind by) {
  return std::make_unique<troupe_replicas>(of, seed, by);
}

}  // namespace troupe::simulator
