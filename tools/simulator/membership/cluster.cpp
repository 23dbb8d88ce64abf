#include "cluster.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cluster_inside.hpp"
#include "reading.hpp"

namespace troupe::simulator {

namespace {

/// Linux's default socket buffer, and what a small datagram takes of it beside its bytes.
constexpr std::size_t socket_buffer_bytes = 212'992;
constexpr std::size_t socket_overhead_bytes = 512;

/// Wall clocks when the simulation starts, in microseconds.
constexpr std::uint64_t wall_start = 1'700'000'000'000'000;
constexpr duration replay_after_max = 60s;
constexpr std::uint16_t port = 7000;
/// More than a processor's own caches: what a node does once a second finds them filled by other work.
constexpr std::size_t cold_bytes = 8 << 20;
/// Packets that a blocked process has on its way out: the rest is lost, as from a full buffer.
constexpr std::size_t held_max = 64;

}  // namespace

cluster::cluster(const cluster_options& how)
    : how_(how), random_(mix(how.seed)), network_(how.weather, mix(how.seed + 1)), witness_(how.watched_max) {
  if (network_.disturbed()) disturbed_until(never);
  if (how.tolerant) witness_.tolerate();
}

cluster::~cluster() = default;

// --- Clocks, addresses -----------------------------------------------------------------------------------

time_point cluster::clock(const place& of) const {
  const auto passed = now_.time_since_epoch();
  if (of.rate == 1) return now_ + of.offset;
  return time_point(from_seconds(to_seconds(passed) * of.rate)) + of.offset;
}

/// The first instant at which that clock shows `local` or later.
time_point cluster::from_clock(const place& of, time_point local) const {
  if (local == never) return never;
  const auto wanted = local - of.offset;
  if (of.rate == 1) return wanted;
  return time_point(from_seconds(to_seconds(wanted.time_since_epoch()) / of.rate) + 1us);
}

endpoint cluster::address_of(std::uint32_t number) const {
  endpoint where;
  where.address[10] = where.address[11] = 0xff;
  where.address[12] = 10;
  where.address[13] = static_cast<std::uint8_t>(number >> 16);
  where.address[14] = static_cast<std::uint8_t>(number >> 8);
  where.address[15] = static_cast<std::uint8_t>(number);
  where.port = port;
  return where;
}

std::uint32_t cluster::node_at(const endpoint& where) const {
  const auto number = static_cast<std::uint32_t>(where.address[13]) << 16 |
                      static_cast<std::uint32_t>(where.address[14]) << 8 | where.address[15];
  return number < owner_.size() ? owner_[number] : ~0u;
}

// --- Processes -------------------------------------------------------------------------------------------

std::uint32_t cluster::add() {
  const auto node = size();
  auto& made = nodes_.emplace_back();
  made.name = "node-" + std::to_string(node);
  made.id = node_id_of("simulated", made.name);
  made.address = static_cast<std::uint32_t>(owner_.size());
  owner_.push_back(node);
  made.rate = how_.skew > 0 ? random_.between(1 - how_.skew, 1 + how_.skew) : 1;
  made.offset = from_seconds(random_.between(0, 86'400));
  network_.grow(nodes_.size());
  return node;
}

void cluster::bring_up(std::uint32_t node, disk kept, new_address where) {
  auto& it = nodes_[node];
  ++counted_.starts;
  if (it.epoch > 0) ++counted_.restarts;
  if (it.epoch > 0 && kept == disk::lost) ++counted_.lost_disks;
  if (where == new_address::another) {
    owner_[it.address] = ~0u;
    it.address = static_cast<std::uint32_t>(owner_.size());
    owner_.push_back(node);
  }
  const auto wall = wall_start + to_micros(now_.time_since_epoch());
  it.epoch = kept == disk::kept ? std::max(wall, it.epoch + 1) : wall;
  it.up = true;
  up_.push_back(node);
  it.leaving = false;
  ++it.life;
  it.scheduled = never;
  it.paused_until = it.blocked_until = {};
  it.told_incarnation = it.told_version = ~std::uint64_t{0};
  it.limited = 0;
  it.brain = std::make_unique<membership::core>(how_.mode.settings, identity{it.id, {it.epoch}}, it.name,
                                                address_of(it.address), random_(), clock(it));
  witness_.started(node, it.brain->self(), now_);
  witness_.isolated(node, network_.isolated(node) ? now_ : never);
}

std::vector<membership::service_entry> cluster::offered(std::uint32_t count) const {
  std::vector<membership::service_entry> all;
  for (std::uint32_t k = 0; k < count; ++k)
    all.push_back({"shop.Service" + std::to_string(k) + std::string(12, 'x'), k + 1, 100});
  return all;
}

void cluster::start(std::uint32_t node, const std::vector<std::uint32_t>& seeds, disk kept,
                    new_address where) {
  bring_up(node, kept, where);
  nodes_[node].seeds = seeds;
  perform(node, [&](membership::core& brain, time_point now, membership::actions& out) {
    brain.publish(offered(how_.services), "zone-" + std::to_string(node % 3), now, out);
    brain.set_mode(membership::mode::ready, now, out);
  });
  ask_seeds(node);
  if (where == new_address::same) return;
  for (const auto other : std::vector(up_)) {
    const auto& it = nodes_[other];
    if (!paused(other) && !it.brain->joined() &&
        std::find(it.seeds.begin(), it.seeds.end(), node) != it.seeds.end())
      ask_seeds(other);
  }
}

void cluster::ask_seeds(std::uint32_t node) {
  std::vector<endpoint> addresses;
  for (const auto seed : nodes_[node].seeds) addresses.push_back(address_of(nodes_[seed].address));
  perform(node, [&](membership::core& brain, time_point now, membership::actions& out) {
    brain.join(addresses, now, out);
  });
}

void cluster::start_together(std::uint32_t nodes) {
  while (size() < nodes) add();
  for (std::uint32_t node = 0; node < nodes; ++node) {
    bring_up(node, disk::kept, new_address::same);
    perform(node, [&](membership::core& brain, time_point now, membership::actions& out) {
      brain.publish(offered(how_.services), "zone-" + std::to_string(node % 3), now, out);
      brain.set_mode(membership::mode::ready, now, out);
    });
  }
  // Past the batch of what each has said of itself: the news of all the others leaves a core at once, or else
  // all cores would hold it at the same time.
  run(2 * how_.mode.settings.event_interval + 1ms);
  introduce_all();
}

/// As if each had just synced with somebody who knows everybody.
void cluster::introduce_all() {
  membership::sync_message all;
  all.kind = membership::sync_kind::turn;
  for (auto& each : nodes_) {
    const auto& self = each.brain->self();
    membership::update fact;
    fact.subject = self.self;
    fact.incarnation = self.incarnation;
    fact.mode = self.mode;
    fact.who = self.who;
    fact.registration_version = self.document_version();
    fact.document = self.document;
    all.facts.push_back(std::move(fact));
  }
  std::vector<endpoint> seeds;
  for (std::uint32_t node = 0; node < std::min<std::uint32_t>(size(), 3); ++node)
    seeds.push_back(address_of(nodes_[node].address));
  for (std::uint32_t node = 0; node < size(); ++node) {
    const auto other = node == 0 ? size() - 1 : node - 1;
    all.from = nodes_[other].brain->self().self;
    perform(node, [&](membership::core& brain, time_point now, membership::actions& out) {
      membership::sync_message opening;
      auto session = brain.begin_sync(address_of(nodes_[other].address), opening);
      session.retold = false;
      if (size() > 1) TROUPE_INVARIANT(brain.receive_sync(session, all, now, out));
      session.finish();
      brain.end_sync(session);
      brain.join(seeds, now, out);
      out.packets.clear();
      out.syncs.clear();
    });
  }
}

void cluster::crash(std::uint32_t node) {
  auto& it = nodes_[node];
  if (!it.up) return;
  ++counted_.crashes;
  witness_.stopped(node, witness::ending::crashed, now_);
  end_process(node);
}

void cluster::end_process(std::uint32_t node) {
  auto& it = nodes_[node];
  it.up = false;
  std::erase(up_, node);
  ++it.life;
  it.brain.reset();
  it.scheduled = never;
  for (const auto slot : it.buffered) release(slot);
  it.buffered.clear();
  it.stalled.clear();
  it.held.clear();
  it.buffered_bytes = 0;
}

void cluster::pause(std::uint32_t node, duration how_long) {
  hold(node, nodes_[node].paused_until, how_long, occurrence::kind::resume);
}

void cluster::block(std::uint32_t node, duration how_long) {
  hold(node, nodes_[node].blocked_until, how_long, occurrence::kind::unblock);
}

void cluster::hold(std::uint32_t node, time_point& until, duration how_long, occurrence::kind its_end) {
  const auto& it = nodes_[node];
  if (!it.up || until > now_) return;
  ++counted_.pauses;
  until = now_ + how_long;
  disturbed_until(until);
  queue_.push(until, {its_end, node, 0, it.life});
}

void cluster::leave(std::uint32_t node, duration linger) {
  auto& it = nodes_[node];
  if (!it.up || it.leaving) return;
  ++counted_.leaves;
  it.leaving = true;
  witness_.stopped(node, witness::ending::left, now_);
  perform(node,
          [](membership::core& brain, time_point now, membership::actions& out) { brain.leave(now, out); });
  queue_.push(now_ + linger, {occurrence::kind::end, node, 0, it.life});
}

void cluster::publish(std::uint32_t node, std::uint32_t services) {
  if (!nodes_[node].up || nodes_[node].leaving || paused(node)) return;
  perform(node, [&](membership::core& brain, time_point now, membership::actions& out) {
    auto next = offered(services);
    next.front().weight = 100 + static_cast<std::uint32_t>(brain.self().document_version() % 1000);
    brain.publish(std::move(next), "zone-" + std::to_string(node % 3), now, out);
  });
}

void cluster::set_mode(std::uint32_t node, membership::mode mode) {
  if (!nodes_[node].up || nodes_[node].leaving || paused(node)) return;
  perform(node, [&](membership::core& brain, time_point now, membership::actions& out) {
    brain.set_mode(mode, now, out);
  });
}

// --- What a core wants done ------------------------------------------------------------------------------

circumstances cluster::why(std::uint32_t observer) {
  auto& it = nodes_[observer];
  const auto limited = it.brain->counted().limited_accusations;
  if (std::exchange(it.limited, limited) < limited) it.limited_until = now_ + 2 * replay_after_max;
  return {disturbed_until_, ever_disturbed_, forgiveness_, now_ < it.limited_until};
}

void cluster::disturbed_until(time_point when) {
  ever_disturbed_ = true;
  disturbed_until_ = std::max(disturbed_until_, when);
  const auto bounds = membership::bounds_of(how_.mode.settings, nodes_.size());
  forgiveness_ = 2 * bounds.longest + 60s;
}

void cluster::set_troubles(const std::vector<fault>& all) {
  const bool before = network_.disturbed();
  network_.set_troubles(all);
  if (network_.disturbed()) {
    disturbed_until(never);
  } else if (before && disturbed_until_ == never) {
    disturbed_until_ = now_;
    for (const auto& each : nodes_)
      if (each.up) disturbed_until_ = std::max(disturbed_until_, each.paused_until);
  }
  for (std::uint32_t node = 0; node < size(); ++node)
    if (nodes_[node].up) witness_.isolated(node, network_.isolated(node) ? now_ : never);
}

void cluster::settle(std::uint32_t node, membership::actions& out, witness::arrival how) {
  auto& it = nodes_[node];
  const auto& self = it.brain->self();
  if (self.state != membership::state::left &&
      (self.incarnation != it.told_incarnation || self.document_version() != it.told_version)) {
    it.told_incarnation = self.incarnation;
    it.told_version = self.document_version();
    witness_.own(node, self, now_);
  }
  for (const auto& event : out.events) {
    trace(event.subject.self.node.value ^ static_cast<std::uint64_t>(event.kind) << 56 ^ node);
    if (!it.leaving) witness_.observe(node, event, how, why(node), now_);
  }
  for (auto& sent : out.packets) send(node, sent);
  for (const auto& with : out.syncs) open_stream(node, with, purpose::sync, {});
  for (const auto& ping : out.stream_pings) open_stream(node, ping.at, purpose::ping, ping.who);
  counted_.notes += out.notes.size();
  if (self.state == membership::state::left && !it.leaving) {
    ++counted_.superseded;
    witness_.break_rule(2,
                        it.name + " stopped although nobody asked it to: " +
                            (out.notes.empty() ? "without a note" : out.notes.front()),
                        now_);
    witness_.stopped(node, witness::ending::left, now_);
    return end_process(node);
  }
  schedule(node);
}

void cluster::schedule(std::uint32_t node) {
  auto& it = nodes_[node];
  const auto due = from_clock(it, it.brain->next_deadline());
  if (due == never) return;
  const auto at = std::max(due, now_);
  if (at >= it.scheduled) return;  // it is looked at again then
  it.scheduled = at;
  queue_.push(at, {occurrence::kind::tick, node, 0, it.life});
}

void cluster::tick(std::uint32_t node, const occurrence& what) {
  auto& it = nodes_[node];
  if (!it.up || it.life != what.life || it.scheduled != now_) return;
  it.scheduled = never;
  if (it.paused_until > now_) return;
  if (it.brain->next_deadline() > clock(it)) return schedule(node);
  if (node == recorded_node_) recorded_.push_back({clock(it), {}, {}});
  perform(node,
          [](membership::core& brain, time_point now, membership::actions& out) { brain.tick(now, out); });
}

/// What waits in the socket, then the timers; or, as a process with a thread for each, the other way round.
void cluster::resume(std::uint32_t node) {
  auto& it = nodes_[node];
  it.paused_until = {};
  const auto life = it.life;
  const auto ticks = [&] {
    if (it.life == life)
      perform(node, [](membership::core& brain, time_point now, membership::actions& out) {
        brain.tick(now, out);
      });
  };
  if (how_.mode.after_pause == after_pause::timers_first) ticks();
  if (it.life == life && !hears_nothing(it)) read_what_waits(node);
  if (how_.mode.after_pause == after_pause::reads_first) ticks();
}

void cluster::unblock(std::uint32_t node) {
  auto& it = nodes_[node];
  it.blocked_until = {};
  if (it.paused_until > now_) return;
  for (auto& each : std::exchange(it.held, {})) send(node, each);
  read_what_waits(node);
}

void cluster::read_what_waits(std::uint32_t node) {
  auto& it = nodes_[node];
  const auto life = it.life;
  const auto waiting = std::exchange(it.buffered, {});
  const auto stalled = std::exchange(it.stalled, {});
  it.buffered_bytes = 0;
  for (const auto slot : waiting)
    if (it.life == life)
      arrive(slot, node, witness::arrival::first);
    else
      release(slot);
  for (const auto slot : stalled)
    if (it.life == life) hear_on(slot, node);
}

// --- Packets ---------------------------------------------------------------------------------------------

void cluster::send(std::uint32_t from, membership::actions::send& sent) {
  if (auto& it = nodes_[from]; it.blocked_until > now_) {
    if (it.held.size() < held_max) it.held.push_back(std::move(sent));
    return;
  }
  if (forger_) forger_(sent.what);
  std::size_t bytes = membership::packet_overhead_bytes;
  for (const auto& fact : sent.what.updates) bytes += size_bound(fact);
  counted_.largest_packet = std::max(counted_.largest_packet, bytes);
  if (bytes > how_.mode.settings.packet_bytes_max)
    witness_.break_rule(7, nodes_[from].name + " sends a packet of " + std::to_string(bytes) + " bytes",
                        now_);
  bytes += packet_envelope_bytes;
  ++counted_.packets;
  counted_.packet_bytes += bytes;
  nodes_[from].sent_bytes += bytes;
  const auto to = node_at(sent.to);
  if (to == ~0u) return;
  const auto passage = network_.carry(from, to);
  if (!passage.carried) return;

  std::uint32_t slot = 0;
  if (free_air_.empty()) {
    slot = static_cast<std::uint32_t>(air_.size());
    air_.emplace_back();
  } else {
    slot = free_air_.back();
    free_air_.pop_back();
  }
  air_[slot] = {std::move(sent.what), from, static_cast<std::uint32_t>(bytes), 0, false};
  plan_arrival(slot, to, passage.takes);
  if (passage.twice) plan_arrival(slot, to, passage.again);
  if (how_.weather.replayed > 0 && random_.unit() < how_.weather.replayed) plan_replay(slot, to);
}

void cluster::plan_arrival(std::uint32_t slot, std::uint32_t to, duration takes) {
  ++air_[slot].copies;
  queue_.push(now_ + takes, {occurrence::kind::packet, to, slot, nodes_[to].life});
}

/// It comes once more, to the same process, long after it has been read.
void cluster::plan_replay(std::uint32_t slot, std::uint32_t to) {
  ++air_[slot].copies;
  const auto later = how_.weather.delay_max + how_.weather.late_by +
                     from_seconds(to_seconds(replay_after_max) * random_.unit());
  queue_.push(now_ + later, {occurrence::kind::replay, to, slot, nodes_[to].life});
}

void cluster::release(std::uint32_t slot) {
  if (--air_[slot].copies > 0) return;
  air_[slot].what = {};
  free_air_.push_back(slot);
}

void cluster::arrive(std::uint32_t slot, std::uint32_t to, witness::arrival how) {
  auto& it = nodes_[to];
  auto& packet = air_[slot];
  // What waits for its batch leaves with any call, so nothing could be said of this one.
  if (how_.mode.settings.event_interval > duration{0} || !std::exchange(packet.read, true))
    how = witness::arrival::first;
  trace(static_cast<std::uint64_t>(now_.time_since_epoch().count()) ^
        static_cast<std::uint64_t>(packet.from) << 40 ^ static_cast<std::uint64_t>(to) << 20 ^ packet.bytes);
  const auto from = address_of(nodes_[packet.from].address);
  if (to == recorded_node_) recorded_.push_back({clock(it), from, packet.what});
  perform(
      to,
      [&](membership::core& brain, time_point now, membership::actions& out) {
        brain.receive(packet.what, from, now, out);
      },
      how);
  release(slot);
}

// --- Time ------------------------------------------------------------------------------------------------

void cluster::perform_occurrence(const occurrence& what) {
  using kind = occurrence::kind;
  auto& it = nodes_[what.node];
  switch (what.what) {
    case kind::packet:
    case kind::replay: {
      const bool gone = !it.up || (what.what == kind::replay && it.life != what.life);
      if (gone) return release(what.slot);
      if (hears_nothing(it)) {
        const auto takes = air_[what.slot].bytes + socket_overhead_bytes;
        if (what.what == kind::replay || it.buffered_bytes + takes > socket_buffer_bytes) {
          ++counted_.socket_overflows;
          return release(what.slot);
        }
        it.buffered_bytes += takes;
        return it.buffered.push_back(what.slot);
      }
      if (what.what == kind::replay) ++counted_.replays;
      return arrive(what.slot, what.node,
                    what.what == kind::replay ? witness::arrival::replay : witness::arrival::first);
    }
    case kind::tick:
      return tick(what.node, what);
    case kind::resume:
      if (it.up && it.life == what.life) resume(what.node);
      return;
    case kind::unblock:
      if (it.up && it.life == what.life) unblock(what.node);
      return;
    case kind::end:
      if (it.up && it.life == what.life) end_process(what.node);
      return;
    case kind::stream_opened:
      if (streams_[what.slot].generation == what.life) stream_opened(what.slot);
      return;
    case kind::stream_message:
      if (streams_[what.slot].generation == what.life) stream_message(what.slot, what.node);
      return;
    case kind::stream_broken:
      if (streams_[what.slot].generation == what.life) stream_broken(what.slot);
      return;
  }
}

void cluster::run_to(time_point until) {
  while (!queue_.empty() && queue_.next() <= until && !witness_.broken()) {
    const auto next = queue_.pop();
    now_ = next.at;
    ++counted_.events;
    perform_occurrence(next.what);
  }
  if (!witness_.broken()) now_ = std::max(now_, until);
}

std::optional<duration> cluster::run_until(duration limit, const std::function<bool()>& condition,
                                           duration step) {
  const auto begun = now_;
  while (!condition()) {
    if (now_ - begun >= limit || witness_.broken()) return std::nullopt;
    run(step);
  }
  return now_ - begun;
}

void cluster::compare_all() {
  for (std::uint32_t node = 0; node < size(); ++node)
    if (nodes_[node].up && !nodes_[node].leaving) witness_.compare(node, *nodes_[node].brain, now_);
}

// --- What a core costs -----------------------------------------------------------------------------------

void cluster::record(std::uint32_t node) {
  recorded_node_ = node;
  recorded_core_ = *nodes_[node].brain;
  recorded_.clear();
}

double cluster::cost_of_recorded(int rounds) const {
  using clock_source = std::chrono::steady_clock;
  std::vector<std::uint8_t> elsewhere(cold_bytes);
  std::vector<double> took;
  for (int round = 0; round < rounds; ++round) {
    auto again = *recorded_core_;
    membership::actions out;
    double all = 0;
    for (const auto& call : recorded_) {
      out.clear();
      for (std::size_t at = 0; at < elsewhere.size(); at += 64) ++elsewhere[at];
      const auto before = clock_source::now();
      if (call.from)
        again.receive(call.what, call.from, call.at, out);
      else
        again.tick(call.at, out);
      all += std::chrono::duration<double>(clock_source::now() - before).count();
    }
    took.push_back(all);
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

}  // namespace troupe::simulator
