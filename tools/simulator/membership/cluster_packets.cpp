// UDP packets between simulated nodes. What a core sends, the network carries, delays, doubles or loses; to a
// process that stands still it waits in the socket, as far as that has room.
#include <algorithm>
#include <string>
#include <utility>

#include "cluster.hpp"
#include "cluster_inside.hpp"

namespace troupe::simulator {

namespace {

/// Linux's default socket buffer, and what a small datagram takes of it beside its bytes.
constexpr std::size_t socket_buffer_bytes = 212'992;
constexpr std::size_t socket_overhead_bytes = 512;
/// Packets that a blocked process has on its way out: the rest is lost, as from a full buffer.
constexpr std::size_t held_max = 64;

}  // namespace

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

/// Into its core, or into its socket while it stands still.
void cluster::packet_comes(const occurrence& what) {
  auto& it = nodes_[what.node];
  const bool replayed = what.what == occurrence::kind::replay;
  if (!it.up || (replayed && it.life != what.life)) return release(what.slot);
  if (hears_nothing(it)) {
    const auto takes = air_[what.slot].bytes + socket_overhead_bytes;
    if (replayed || it.buffered_bytes + takes > socket_buffer_bytes) {
      ++counted_.socket_overflows;
      return release(what.slot);
    }
    it.buffered_bytes += takes;
    return it.buffered.push_back(what.slot);
  }
  if (replayed) ++counted_.replays;
  arrive(what.slot, what.node, replayed ? witness::arrival::replay : witness::arrival::first);
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

}  // namespace troupe::simulator
