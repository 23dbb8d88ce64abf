// Streams between simulated nodes: syncs, and pings that TCP carries where UDP does not.
//
// A stream costs a round trip before its first byte. Its messages wait for each other on their sender's
// uplink. To a process that stands still a stream can be opened, and then nothing comes back.
#include <utility>

#include "cluster.hpp"
#include "cluster_inside.hpp"

namespace troupe::simulator {

namespace {

constexpr double uplink_bytes_per_second = 125e6;  // 1 Gbit/s
/// No answer for so long ends a stream, also one that is being opened.
constexpr duration patience = 5s;
/// Headers of the segments that open and close a connection, and of each segment with bytes in it.
constexpr std::size_t opening_bytes = 7 * 60;
constexpr std::size_t segment_bytes = 1400;
constexpr std::size_t segment_overhead = 60;

}  // namespace

bool cluster::both_there(const stream& what) const {
  return nodes_[what.from].up && nodes_[what.from].life == what.from_life && nodes_[what.to].up &&
         nodes_[what.to].life == what.to_life;
}

void cluster::open_stream(std::uint32_t from, const endpoint& to, purpose what, identity who) {
  std::uint32_t slot = 0;
  if (free_streams_.empty()) {
    slot = static_cast<std::uint32_t>(streams_.size());
    streams_.emplace_back();
  } else {
    slot = free_streams_.back();
    free_streams_.pop_back();
  }
  auto& it = streams_[slot];
  const auto generation = it.generation;
  it = {};
  it.generation = generation;
  it.open = true;
  it.what = what;
  it.from = it.to = from;
  it.from_life = it.to_life = nodes_[from].life;
  it.with = to;
  it.who = who;
  ++counted_.streams;
  counted_.stream_bytes += opening_bytes;
  nodes_[from].sent_bytes += opening_bytes;
  const auto target = node_at(to);
  const bool there = target != ~0u && nodes_[target].up;
  const auto trip = target == ~0u ? std::optional(how_.weather.delay_max) : network_.stream(from, target);
  const auto back = target == ~0u ? std::optional(how_.weather.delay_max) : network_.stream(target, from);
  const bool blocked = nodes_[from].blocked_until > now_;
  if (blocked || !trip || !back || *trip + *back > patience)
    return queue_.push(now_ + patience, {occurrence::kind::stream_broken, from, slot, generation});
  if (!there)  // the kernel says so at once
    return queue_.push(now_ + *trip + *back, {occurrence::kind::stream_broken, from, slot, generation});
  it.to = target;
  it.to_life = nodes_[target].life;
  queue_.push(now_ + *trip + *back, {occurrence::kind::stream_opened, from, slot, generation});
}

void cluster::stream_opened(std::uint32_t slot) {
  if (!both_there(streams_[slot])) return stream_broken(slot);
  membership::sync_message first;
  const auto from = streams_[slot].from;
  perform(from, [&](membership::core& brain, time_point, membership::actions&) {
    auto& it = streams_[slot];
    if (it.what == purpose::ping)
      first = brain.ask_presence(it.who);
    else
      it.mine = brain.begin_sync(it.with, first);
  });
  send_on(slot, from, std::move(first));
}

void cluster::send_on(std::uint32_t slot, std::uint32_t from, membership::sync_message message) {
  auto& it = streams_[slot];
  const auto to = from == it.from ? it.to : it.from;
  const auto content = size_bound(message);
  const auto bytes = content + (content / segment_bytes + 1) * segment_overhead;
  counted_.stream_bytes += bytes;
  auto& sender = nodes_[from];
  sender.sent_bytes += bytes;
  sender.uplink_free =
      std::max(sender.uplink_free, now_) + from_seconds(static_cast<double>(bytes) / uplink_bytes_per_second);
  it.under_way = std::move(message);
  const auto takes = network_.stream(from, to);
  if (!takes || sender.uplink_free - now_ + *takes > patience)
    return queue_.push(now_ + patience, {occurrence::kind::stream_broken, it.from, slot, it.generation});
  queue_.push(sender.uplink_free + *takes, {occurrence::kind::stream_message, to, slot, it.generation});
}

void cluster::stream_message(std::uint32_t slot, std::uint32_t to) {
  if (!both_there(streams_[slot])) return stream_broken(slot);
  if (!hears_nothing(nodes_[to])) return hear_on(slot, to);
  // The other side waits for a while; whether it still does is seen when this one goes on.
  nodes_[to].stalled.push_back(slot);
  if (std::max(nodes_[to].paused_until, nodes_[to].blocked_until) > now_ + patience)
    queue_.push(now_ + patience, {occurrence::kind::stream_broken, to, slot, streams_[slot].generation});
}

void cluster::hear_on(std::uint32_t slot, std::uint32_t at) {
  if (!streams_[slot].open || !both_there(streams_[slot])) {
    if (streams_[slot].open) stream_broken(slot);
    return;
  }
  const auto heard = std::exchange(streams_[slot].under_way, {});
  trace(heard.digest ^ heard.facts.size() << 8 ^ at ^
        static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  if (streams_[slot].what == purpose::ping && at == streams_[slot].from) {
    const auto who = streams_[slot].who;
    close_stream(slot);
    if (heard.kind == membership::sync_kind::pong && heard.from == who)
      perform(at, [&](membership::core& brain, time_point now, membership::actions& out) {
        brain.stream_answered(who, now, out);
      });
    return;
  }
  std::optional<membership::sync_message> answer;
  bool over = false;
  perform(at, [&](membership::core& brain, time_point now, membership::actions& out) {
    auto& it = streams_[slot];
    auto& session = at == it.from ? it.mine : it.theirs;
    if (!session) session = brain.serve_sync();
    auto said = brain.receive_sync(*session, heard, now, out);
    over = !said;
    if (said) answer = std::move(*said);
  });
  if (!streams_[slot].open || !both_there(streams_[slot])) {
    if (streams_[slot].open) stream_broken(slot);
    return;
  }
  if (over) return stream_broken(slot);
  if (answer) return send_on(slot, at, std::move(*answer));
  stream_broken(slot);  // in good order: nobody has anything to say
}

/// However it ended, both sides are told.
void cluster::stream_broken(std::uint32_t slot) {
  auto& it = streams_[slot];
  const auto from = it.from, to = it.to;
  const bool from_there = nodes_[from].up && nodes_[from].life == it.from_life;
  const bool to_there = nodes_[to].up && nodes_[to].life == it.to_life;
  const auto what = it.what;
  auto mine = std::move(it.mine);
  auto theirs = std::move(it.theirs);
  close_stream(slot);
  if (from_there && what == purpose::sync)
    perform(from, [&](membership::core& brain, time_point, membership::actions&) {
      if (mine)
        brain.end_sync(*mine);
      else
        brain.sync_failed();
    });
  if (to_there && theirs)
    perform(to, [&](membership::core& brain, time_point, membership::actions&) { brain.end_sync(*theirs); });
}

void cluster::close_stream(std::uint32_t slot) {
  auto& it = streams_[slot];
  it.open = false;
  ++it.generation;
  it.mine.reset();
  it.theirs.reset();
  it.under_way = {};
  free_streams_.push_back(slot);
}

}  // namespace troupe::simulator
