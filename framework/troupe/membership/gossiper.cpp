#include <algorithm>
#include <cmath>
#include <utility>

#include <troupe/membership/gossiper.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

/// News is told at most twice as often where it gets lost: beyond that a sync is cheaper.
constexpr double arrive_min = 0.5;

}  // namespace

int tellings_wanted(const options& settings, std::size_t live, double usual_loss) {
  const double tens = std::max(1.0, std::log10(static_cast<double>(live) + 1));
  // Of pings both ways get lost, of news only its own.
  const double arrive = settings.adapts_to_loss ? std::sqrt(1 - usual_loss) : 1;
  return static_cast<int>(std::ceil(settings.retransmit_multiplier * tens / std::max(arrive, arrive_min)));
}

gossiper::gossiper(const options& settings, time_point now)
    : news_(settings.packet_bytes_max - packet_overhead_bytes, settings.news_max),
      pushed_(now - settings.gossip_interval) {}

void gossiper::announce(update fresh, urgency how_urgent, const step& at) {
  if (silent_) return;
  news_.announce(std::move(fresh), how_urgent,
                 tellings_wanted(at.settings, at.table.live(), at.reached.usual_loss()));
  if (!alarms_.is_set(alarm::push))
    alarms_.set(alarm::push, std::max(at.now, pushed_ + at.settings.gossip_interval));
}

/// A packet each to a few peers; false when there was nothing to tell them, or no bytes left for it.
bool gossiper::tell_some(const step& at) {
  bool told = false;
  for (const auto who : at.pick_live(static_cast<std::size_t>(at.settings.gossip_fanout))) {
    if (bytes_left_ < packet_overhead_bytes) break;
    const auto& peer = *at.table.find(who);
    packet gossip = at.start(packet_kind::gossip);
    at.fill(gossip, peer.self, std::min(at.settings.packet_bytes_max, bytes_left_));
    if (gossip.updates.empty()) continue;
    bytes_left_ -= std::min(bytes_left_, size_bound(gossip));
    at.send(peer.who->address, std::move(gossip));
    told = true;
  }
  return told;
}

void gossiper::push(const step& at) {
  if (at.now >= renewed_at_) {
    bytes_left_ = at.settings.gossip_bytes_max;
    renewed_at_ = at.now + at.settings.gossip_interval;
  }
  pushed_ = at.now;
  // With nobody to tell, news gets old: an isolated node must not come back with its list of the dead.
  if (at.table.live() == (at.table.is_running() ? 1u : 0u)) news_.clear();
  // In a storm one packet to each does not hold all of it: more go out, as far as allowed, so that the most
  // urgent goes to as many at once as it would alone.
  const auto peers = std::min(static_cast<std::size_t>(at.settings.gossip_fanout), at.table.live() - 1);
  while (tell_some(at) && news_.bytes() > at.settings.packet_bytes_max &&
         news_.has_turn_before(static_cast<int>(peers)))
    continue;
  if (news_.empty())
    alarms_.clear(alarm::push);
  else
    alarms_.set(alarm::push, at.now + at.settings.gossip_interval);
}

void gossiper::tick(const step& at) {
  if (alarms_.due(alarm::push, at.now)) push(at);
}

void gossiper::fall_silent() {
  silent_ = true;
  news_.clear();
  alarms_.clear(alarm::push);
}

}  // namespace troupe::membership
