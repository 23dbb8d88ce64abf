// The life of a node in the cluster: joining, timers, exchanges, healing, leaving.
#include <algorithm>
#include <cmath>
#include <utility>

#include <troupe/base/hash.hpp>
#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

constexpr std::size_t seeds_max = 64;
constexpr auto sweep_period = 10s;
/// Exchanges in quick succession after joining, until one ack's digest agrees.
constexpr int looks_after_join = 3;
/// Who has left does not come back in that life, so it is only shown for a while.
constexpr duration left_kept_for = 5min;
/// A seed that no live member listens on is tried about this often by the whole cluster: it may be a member
/// under another address (an alias), and then the attempts never end.
constexpr double seed_healing_seconds = 10;

duration jittered(duration value, random_source& random) {
  return from_seconds(to_seconds(value) * random.between(0.75, 1.25));
}

}  // namespace

void actions::clear() {
  packets.clear();
  exchanges.clear();
  events.clear();
  notes.clear();
}

core::core(const options& settings, identity self, std::string name, endpoint address, std::uint64_t seed,
           time_point now)
    : settings_(settings),
      self_(self.node),
      random_(seed),
      graveyard_(settings.members_max),
      next_sequence_(random_() >> 1),
      news_(settings.packet_bytes_max - packet_overhead_bytes),
      last_gossip_(now - settings.gossip_interval),
      next_probe_(now + from_seconds(to_seconds(settings.probe_period) * random_.unit())),
      next_exchange_(now + jittered(settings.exchange_period, random_)),
      next_extra_exchange_(now),
      next_heal_(now + jittered(settings.probe_period, random_)),
      next_sweep_(now + sweep_period) {
  TROUPE_INVARIANT(settings.validate());
  TROUPE_INVARIANT(self.node && self.epoch);
  TROUPE_INVARIANT(!name.empty() && name.size() <= node_name_bytes_max);
  member mine;
  mine.self = self;
  mine.name = std::move(name);
  mine.address = address;
  mine.since = now;
  digest_ = digest_of(mine);
  members_.emplace(self_, std::move(mine));
}

bool core::running() const { return self().state != state::left; }
bool core::joined() const { return joined_; }
int core::local_health() const { return health_; }
const member& core::self() const { return members_.at(self_); }
const std::map<node_id, member>& core::members() const { return members_; }
const core::counters& core::counted() const { return counters_; }

void core::join(std::vector<endpoint> seeds, time_point now, actions& out) {
  if (seeds.size() > seeds_max) {
    out.notes.push_back("only the first " + std::to_string(seeds_max) + " of " +
                        std::to_string(seeds.size()) + " seeds are used");
    seeds.resize(seeds_max);
  }
  const bool first_time = seeds_.empty();
  seeds_ = std::move(seeds);
  if (!running() || !alone()) return;
  const bool own = std::find(seeds_.begin(), seeds_.end(), self().address) != seeds_.end();
  if (first_time) joined_ = seeds_.empty() || own;
  ask_seeds(now, out);
}

void core::ask_seeds(time_point now, actions& out) {
  for (const auto& seed : seeds_)
    if (seed != self().address) out.exchanges.push_back(seed);
  next_join_ = joined_ ? never : now + jittered(settings_.join_retry, random_);
}

void core::tick(time_point now, actions& out) {
  if (running()) {
    notice_stall(now);
    if (next_join_ <= now) ask_seeds(now, out);
    if (probe_ && probe_->indirect_at <= now) ask_helpers(now, out);
    if (probe_ && probe_->ends <= now) conclude_probe(now, out);
    if (next_probe_ <= now) probe_next(now, out);
    nack_late_relays(now, out);
    bury_suspects(now, out);
    if (wanted_exchange_ && next_extra_exchange_ <= now)
      request_exchange(std::exchange(wanted_exchange_, {}), now, out);
    if (next_exchange_ <= now) exchange_periodically(now, out);
    if (next_heal_ <= now) heal(now, out);
    if (next_sweep_ <= now) forget_the_old(now, out);
  }
  if (next_gossip_ <= now) push(now, out);
}

time_point core::next_deadline() const {
  if (!running()) return next_gossip_;
  auto next = std::min({next_gossip_, next_probe_, next_exchange_, next_join_, next_heal_, next_sweep_});
  if (probe_) next = std::min({next, probe_->indirect_at, probe_->ends});
  if (wanted_exchange_) next = std::min(next, next_extra_exchange_);
  for (const auto& [sequence, asked] : relays_) next = std::min({next, asked.nack_at, asked.ends});
  for (const auto& [who, doubt] : suspicions_) next = std::min(next, doubt.deadline());
  return next;
}

/// A process that was stopped, or starved, finds all its deadlines passed, and the answers unread in the
/// socket. It must not accuse anybody of its own absence: all verdicts are given the time that it missed.
void core::notice_stall(time_point now) {
  // Suspicions do not count here: a confirmation moves their end into the past.
  auto due = std::min({next_probe_, next_exchange_, next_join_, next_heal_, next_sweep_});
  if (probe_) due = std::min({due, probe_->indirect_at, probe_->ends});
  if (now - due <= settings_.probe_timeout_max) return;
  ++counters_.stalls;
  adjust_health(+1);
  for (auto& [who, doubt] : suspicions_) doubt.postpone(now - due);
  probe_.reset();
  relays_.clear();
}

void core::exchange_periodically(time_point now, actions& out) {
  // memberlist's scale: from 32 members on, each doubling adds a period, so that the cluster's cost of
  // full exchanges does not grow with the square of N.
  const double doublings = std::ceil(std::log2(std::max(1.0, static_cast<double>(live_) / 32.0)));
  const auto period = settings_.exchange_period * (1 + static_cast<int>(doublings));
  next_exchange_ = now + jittered(looks_left_ > 0 ? settings_.probe_period : period, random_);
  if (looks_left_ > 0) --looks_left_;
  for (const auto who : pick_live(1, {})) out.exchanges.push_back(members_.at(who).address);
}

/// An exchange beside the periodic ones: at most one a probe period, the last one wanted wins.
void core::request_exchange(endpoint with, time_point now, actions& out) {
  if (now < next_extra_exchange_) {
    wanted_exchange_ = with;
    return;
  }
  next_extra_exchange_ = now + settings_.probe_period;
  out.exchanges.push_back(with);
}

void core::exchange_failed(endpoint, time_point, actions&) {
  // The next ack that differs asks again. Seeds are asked again by their own timer.
  mismatches_ = std::max(mismatches_, 2);
}

/// Partitions heal because the dead are still tried, by the whole cluster about once a second, and the
/// seeds when nobody is left. A dead member that lives learns from the note in the ping what is believed
/// of it, and refutes.
void core::heal(time_point now, actions& out) {
  next_heal_ = now + jittered(settings_.probe_period, random_);
  const double mine = to_seconds(settings_.probe_period) / static_cast<double>(live_);
  if (alone() || random_.unit() < mine) {
    std::vector<const member*> dead;
    for (const auto& [who, known] : members_)
      if (known.state == state::dead) dead.push_back(&known);
    if (!dead.empty()) {
      const auto& tried = *dead[random_.below(static_cast<std::uint32_t>(dead.size()))];
      warn(describe(tried, carry::version_only), out);
    }
  }
  if (seeds_.empty() || !(alone() || random_.unit() < mine / seed_healing_seconds)) return;
  const auto seed = seeds_[random_.below(static_cast<std::uint32_t>(seeds_.size()))];
  const bool present = std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
    return is_live(entry.second.state) && entry.second.address == seed;
  });
  if (!present && joined_) out.exchanges.push_back(seed);
}

snapshot core::make_snapshot() const {
  snapshot all;
  all.from = self().self;
  all.members.reserve(members_.size());
  for (const auto& [who, known] : members_)
    all.members.push_back(describe(known, is_live(known.state) ? carry::document : carry::version_only));
  return all;
}

void core::merge(const snapshot& what, time_point now, actions& out) {
  if (!running()) return;
  joined_ = true;
  next_join_ = never;
  if (what.from == self().self) return;  // a seed that is this node under another address
  mismatches_ = 0;
  const bool was_alone = alone();
  endpoint teller;
  for (const auto& fact : what.members)
    if (fact.subject == what.from) teller = fact.address;
  // Who was alone has nothing to tell about the others that they do not know; else a joiner of a large
  // cluster would gossip all of it.
  const hearsay how{channel::stream, was_alone ? retelling::keep : retelling::announce, what.from, teller};
  for (const auto& fact : what.members) {
    learn(fact, how, now, out);
    if (!running()) return;
  }
  contradict(what, out);
  if (was_alone && !alone()) {
    announce(self(), urgency::join, carry::document, now);
    push(now, out);
    // Who joined in the same second is in nobody's snapshot yet; further looks soon find them.
    looks_left_ = looks_after_join;
    next_exchange_ = std::min(next_exchange_, now + jittered(settings_.probe_period, random_));
  }
}

void core::publish(std::vector<service_entry> services, std::string zone, time_point now, actions& out) {
  if (!running()) return;
  registration next{self().document.version + 1, std::move(zone), std::move(services)};
  if (next.services == self().document.services && next.zone == self().document.zone) return;
  if (!is_sensible(next) || size_bound(next) > settings_.registration_bytes_max) {
    out.notes.push_back("the registration is not published: it takes " + std::to_string(size_bound(next)) +
                        " of " + std::to_string(settings_.registration_bytes_max) +
                        " bytes (membership.registration_bytes_max), or a name or weight in it is out of "
                        "bounds (names 1 to 128 bytes, zone up to 64, weight 1 to 10,000)");
    return;
  }
  amend(me(), [&](member& mine) { mine.document = std::move(next); });
  out.events.push_back({event_kind::changed, self()});
  announce(self(), urgency::registration, carry::document, now);
  push(now, out);
}

void core::set_mode(membership::mode mode, time_point now, actions& out) {
  if (!running() || self().mode == mode) return;
  // The incarnation rises with every change of what it covers: equal incarnations mean equal attributes.
  amend(me(), [&](member& mine) {
    mine.mode = mode;
    ++mine.incarnation;
  });
  out.events.push_back({event_kind::changed, self()});
  announce(self(), urgency::join, carry::version_only, now);
  push(now, out);
}

void core::leave(time_point now, actions& out) {
  if (!running()) return;
  const auto told = pick_live(static_cast<std::size_t>(settings_.leave_fanout), {});
  enter(me(), state::left, {}, now);
  probe_.reset();
  relays_.clear();
  out.events.push_back({event_kind::left, self()});
  announce(self(), urgency::refutation, carry::version_only, now);
  for (const auto who : told) {
    const auto& peer = members_.at(who);
    packet farewell = start(packet_kind::gossip);
    farewell.updates.push_back(describe(self(), carry::version_only));
    fill(farewell, peer.self);
    out.packets.push_back({peer.address, std::move(farewell)});
  }
}

void core::stop(std::string note, time_point now, actions& out) {
  enter(me(), state::left, {}, now);
  superseded_ = true;
  probe_.reset();
  relays_.clear();
  news_.clear();
  next_gossip_ = never;
  out.notes.push_back(std::move(note));
  out.events.push_back({event_kind::left, self()});
}

void core::heard_from(identity peer, time_point now) {
  const auto found = members_.find(peer.node);
  if (found != members_.end() && found->second.self == peer) links_[peer.node].heard = now;
}

void core::forget_the_old(time_point now, actions& out) {
  next_sweep_ = now + std::min<duration>(sweep_period, settings_.dead_kept_for);
  for (auto next = members_.begin(); next != members_.end();) {
    const auto entry = next++;
    const auto& known = entry->second;
    if (entry->first == self_ || is_live(known.state)) continue;
    const auto kept = known.state == state::left ? std::min(left_kept_for, settings_.dead_kept_for)
                                                 : settings_.dead_kept_for;
    if (now - known.since < kept) continue;
    graveyard_.bury(entry->first, {known.self.epoch, known.incarnation, known.state});
    news_.forget(entry->first);
    links_.erase(entry->first);
    out.events.push_back({event_kind::forgotten, known});
    members_.erase(entry);
  }
}

/// Forgets whoever has been gone for longest, so that the living find a place.
void core::make_room(actions& out) {
  auto oldest = members_.end();
  for (auto entry = members_.begin(); entry != members_.end(); ++entry)
    if (entry->first != self_ && !is_live(entry->second.state) &&
        (oldest == members_.end() || entry->second.since < oldest->second.since))
      oldest = entry;
  if (oldest == members_.end()) return;
  const auto& known = oldest->second;
  graveyard_.bury(oldest->first, {known.self.epoch, known.incarnation, known.state});
  news_.forget(oldest->first);
  links_.erase(oldest->first);
  out.events.push_back({event_kind::forgotten, known});
  members_.erase(oldest);
}

std::uint64_t core::digest_of(const member& whom) {
  if (!is_live(whom.state)) return 0;
  // A suspicion is not settled, so alive and suspect count the same.
  return mix(whom.self.node.value ^
             mix(whom.self.epoch.value ^ mix(whom.incarnation ^ mix(whom.document.version + 1))));
}

}  // namespace troupe::membership
