// Simulated processes: how each starts, is told something by its owner, stands still and goes on, and ends.
#include <algorithm>
#include <utility>

#include "cluster.hpp"
#include "cluster_inside.hpp"

namespace troupe::simulator {

namespace {

/// Wall clocks when the simulation starts, in microseconds.
constexpr std::uint64_t wall_start = 1'700'000'000'000'000;

}  // namespace

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

}  // namespace troupe::simulator
