#include "cluster.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cluster_inside.hpp"

namespace troupe::simulator {

namespace {

constexpr std::uint16_t port = 7000;
/// More than a processor's own caches: what a node does once a second finds them filled by other work.
constexpr std::size_t cold_bytes = 8 << 20;

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

// --- Time ------------------------------------------------------------------------------------------------

void cluster::perform_occurrence(const occurrence& what) {
  using kind = occurrence::kind;
  const auto& it = nodes_[what.node];
  switch (what.what) {
    case kind::packet:
    case kind::replay:
      return packet_comes(what);
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
