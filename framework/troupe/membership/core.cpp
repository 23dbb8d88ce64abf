// The frame of the state machine: timers, what the owner does, leaving, and how events are handed out.
#include <algorithm>
#include <utility>

#include <troupe/membership/core.hpp>
#include <troupe/membership/jitter.hpp>

namespace troupe::membership {

namespace {

constexpr duration sweep_period = 10s;

}  // namespace

void actions::clear() {
  packets.clear();
  stream_pings.clear();
  syncs.clear();
  events.clear();
  notes.clear();
}

core::core(const options& settings, identity self, std::string name, endpoint address, std::uint64_t seed,
           time_point now)
    : settings_(settings),
      self_(self.node),
      random_(seed),
      tombstones_(settings.graves_max),
      accusation_limit_(settings.accusations_max, settings.probe_period),
      losses_(settings.loss_percent),
      restated_(now - settings.restate_interval),
      last_release_(now - settings.event_interval),
      next_sequence_(random_() >> 1),
      sync_bytes_left_(static_cast<double>(settings.sync_bytes_per_second)),
      sync_bytes_at_(now),
      news_(settings.packet_bytes_max - packet_overhead_bytes, settings.news_max),
      last_gossip_(now - settings.gossip_interval),
      next_probe_(now + from_seconds(to_seconds(settings.probe_period) * random_.unit())),
      next_exchange_(now + jittered(settings.exchange_period, random_)),
      next_extra_exchange_(now),
      next_heal_(now + jittered(settings.probe_period, random_)),
      next_sweep_(now + sweep_period) {
  TROUPE_INVARIANT(settings.validate());
  TROUPE_INVARIANT(self.node && self.epoch);
  TROUPE_INVARIANT(!name.empty() && name.size() <= node_name_bytes_max);
  known_node mine;
  mine.self = self;
  mine.who = make_attributes(std::move(name), address);
  mine.since = now;
  sums_.add(digest_of(mine));
  roster_.insert(std::move(mine), random_);
}

bool core::running() const { return self().state != state::left; }
bool core::joined() const { return joined_; }
int core::local_health() const { return health_; }
const known_node& core::self() const { return *roster_.find(self_); }
const roster& core::members() const { return roster_; }

core::counters core::counted() const {
  auto all = counters_;
  all.dropped_news = news_.dropped();
  return all;
}

std::optional<member> core::find(node_id who) const {
  const auto* known = roster_.find(who);
  if (known == nullptr) return std::nullopt;
  return whole(*known);
}

member core::whole(const known_node& known) const {
  member all;
  all.self = known.self;
  all.incarnation = known.incarnation;
  all.state = known.state;
  all.mode = known.mode;
  all.name = known.who->name;
  all.address = known.who->address;
  if (known.document) all.document = *known.document;
  all.since = known.since;
  if (const auto by = accusations_.find(known.self.node); by != accusations_.end())
    all.accuser = by->second.accuser;
  if (const auto measured = contacts_.find(known.self.node); measured != contacts_.end())
    all.round_trip = measured->second.timing.smoothed();
  all.worker_lag = known.worker_lag;
  all.degraded = known.degraded;
  all.observers = loss_reports_.observers_of(known.self.node);
  return all;
}

// --- Time ------------------------------------------------------------------------------------------

void core::tick(time_point now, actions& out) {
  if (running()) {
    notice_stall(now);
    if (next_join_ <= now) ask_seeds(now, out);
    if (probe_ && probe_->indirect_at <= now) ask_helpers(now, out);
    if (probe_ && probe_->again_at <= now && now < probe_->ends) ask_again(now, out);
    if (probe_ && probe_->ends <= now) conclude_probe(now, out);
    if (next_probe_ <= now) probe_next(now, out);
    look_closer(now, out);
    if (suspects_many() && !isolated()) begin_roll_call(now);
    if (roll_call_.next() <= now) call_roll(now, out);
    nack_late_relays(now, out);
    bury_suspects(now, out);
    if (wanted_exchange_ && next_extra_exchange_ <= now)
      request_exchange(std::exchange(wanted_exchange_, {}), now, out);
    if (next_exchange_ <= now) exchange_periodically(now, out);
    if (next_heal_ <= now) heal(now, out);
    if (next_sweep_ <= now) forget_the_old(now);
    if (next_restate_ <= now) restate(now);
  }
  if (next_farewell_ <= now) say_farewell(now, out);
  if (next_gossip_ <= now) push(now, out);
  release_events(now, out);
}

time_point core::next_deadline() const {
  auto next = std::min({next_gossip_, next_release_, next_farewell_});
  if (!running()) return next;
  next = std::min({next, next_probe_, next_exchange_, next_join_, next_heal_, next_sweep_, next_relay_,
                   next_restate_, losses_.next(), roll_call_.next(),
                   open_suspicions_.gathered(settings_.verdict_wait)});
  if (probe_) next = std::min({next, probe_->indirect_at, probe_->again_at, probe_->ends});
  if (!watches_.empty()) next = std::min(next, watches_.begin()->second.ends);
  if (wanted_exchange_) next = std::min(next, next_extra_exchange_);
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
  open_suspicions_.postpone_all(now - due);
  probe_.reset();
  roll_call_.close();
  watches_.clear();
  relays_.clear();
}

// --- What the owner does ---------------------------------------------------------------------------

void core::publish(std::vector<service_entry> services, std::string zone, time_point now, actions& out) {
  if (!running()) return;
  registration next{self().document_version() + 1, std::move(zone), std::move(services)};
  const registration nothing;
  const auto& before = self().document ? *self().document : nothing;
  if (next.services == before.services && next.zone == before.zone) return;
  if (!is_sensible(next) || size_bound(next) > settings_.registration_bytes_max) {
    out.notes.push_back("the registration is not published: it takes " + std::to_string(size_bound(next)) +
                        " of " + std::to_string(settings_.registration_bytes_max) +
                        " bytes (membership.registration_bytes_max), or a name or weight in it is out of "
                        "bounds (names 1 to 128 bytes, zone up to 64, weight 1 to 10,000)");
    return;
  }
  amend(me(),
        [&](known_node& mine) { mine.document = std::make_shared<const registration>(std::move(next)); });
  happened(event_kind::changed, self());
  announce(self(), urgency::registration, carry::document, now);
  push(now, out);
  release_events(now, out);
}

void core::set_mode(membership::mode mode, time_point now, actions& out) {
  if (!running() || self().mode == mode) return;
  // The incarnation rises with every change of what it covers: equal incarnations mean equal attributes.
  amend(me(), [&](known_node& mine) {
    mine.mode = mode;
    ++mine.incarnation;
  });
  happened(event_kind::changed, self());
  announce(self(), urgency::join, carry::version_only, now);
  push(now, out);
  release_events(now, out);
}

void core::heard_from(identity peer, time_point now) {
  const auto* known = roster_.find(peer.node);
  if (known != nullptr && known->self == peer) contacts_[peer.node].heard = now;
}

// --- The end ---------------------------------------------------------------------------------------

void core::leave(time_point now, actions& out) {
  if (!running()) return;
  enter(me(), state::left, {}, now);
  probe_.reset();
  watches_.clear();
  relays_.clear();
  happened(event_kind::left, self());
  announce(self(), urgency::refutation, carry::version_only, now);
  farewell_ends_ = now + settings_.leave_limit;
  say_farewell(now, out);
  release_events(now, out);
}

bool core::leave_done() const { return !running() && next_farewell_ == never; }

/// To as many as have not acknowledged yet, others each time: some of them may be gone themselves.
void core::say_farewell(time_point now, actions& out) {
  next_farewell_ = never;
  const auto wanted = static_cast<std::size_t>(settings_.leave_fanout);
  if (now >= farewell_ends_ || farewelled_.size() >= wanted) return;
  const auto told = roster_.pick(wanted - farewelled_.size(), random_, [&](const known_node& one) {
    return std::find(farewelled_.begin(), farewelled_.end(), one.self.node) == farewelled_.end();
  });
  if (told.empty()) return;
  for (const auto who : told) {
    const auto& peer = *roster_.find(who);
    packet farewell = start_ping(peer.self);
    farewells_[farewell.sequence] = who;
    farewell.updates.push_back(describe(self(), carry::version_only));
    fill(farewell, peer.self);
    out.packets.push_back({peer.who->address, std::move(farewell)});
  }
  next_farewell_ = std::min(now + settings_.probe_timeout_max / 2, farewell_ends_);
}

void core::receive_farewell_ack(const packet& what) {
  const auto asked = farewells_.find(what.sequence);
  if (asked == farewells_.end() || asked->second != what.from.node) return;
  farewells_.erase(asked);
  if (std::find(farewelled_.begin(), farewelled_.end(), what.from.node) != farewelled_.end()) return;
  farewelled_.push_back(what.from.node);
  const auto wanted = std::min(static_cast<std::size_t>(settings_.leave_fanout), roster_.live());
  if (farewelled_.size() >= wanted) next_farewell_ = never;
}

void core::stop(std::string note, time_point now, actions& out) {
  enter(me(), state::left, {}, now);
  superseded_ = true;
  probe_.reset();
  watches_.clear();
  relays_.clear();
  news_.clear();
  next_gossip_ = never;
  out.notes.push_back(std::move(note));
  happened(event_kind::left, self());
}

// --- Events ----------------------------------------------------------------------------------------

void core::happened(event_kind kind, const known_node& whom) {
  events_.push_back({kind, whole(whom)});
  if (next_release_ == never) next_release_ = last_release_ + settings_.event_interval;
  // Whoever sees a member, or what it serves, may call it at once: the router must not be the last to know.
  if (kind == event_kind::joined || kind == event_kind::changed || whom.self.node == self_)
    next_release_ = time_point::min();
}

/// Who is there, and what it serves, at once; bad news that follows within options::event_interval together.
/// Deaths alone wait, for at most options::verdict_wait, while others are about to follow. At the end nothing
/// is held back.
void core::release_events(time_point now, actions& out) {
  if (events_.empty()) return;
  if (running() && now < next_release_) return;
  const auto is_death = [](const event& one) { return one.kind == event_kind::died; };
  if (running() && settings_.event_interval > 0s && open_suspicions_.has_shared() &&
      std::all_of(events_.begin(), events_.end(), is_death)) {
    if (deaths_until_ == never) deaths_until_ = now + settings_.verdict_wait;
    next_release_ = std::min(now + settings_.event_interval, deaths_until_);
    if (now < deaths_until_) return;
  }
  deaths_until_ = never;
  next_release_ = never;
  last_release_ = now;
  if (out.events.empty())
    out.events.swap(events_);
  else
    std::move(events_.begin(), events_.end(), std::back_inserter(out.events));
  events_.clear();
}

}  // namespace troupe::membership
