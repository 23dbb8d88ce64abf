// What a node finds out about its own condition, and what it says of it: strain, the loss that it sees, and
// whether it is isolated.
#include <algorithm>
#include <string>
#include <utility>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

namespace {

/// Closer looks a probe period, at each peer that is looked at.
constexpr int looks_per_period = 2;

}  // namespace

bool core::isolated() const { return isolated_since_ != never; }

void core::set_worker_lag(int level, time_point now, actions& out) {
  worker_lag_ = static_cast<std::uint8_t>(std::clamp(level, 0, int{worker_lag_max}));
  restate(now);
  release_events(now, out);
}

/// Says of itself what is true now, unless it has just said something else.
void core::restate(time_point now) {
  next_restate_ = never;
  if (!running()) return;
  const auto lossy = losses_.lossy();
  if (self().worker_lag == worker_lag_ && self().who->lossy == lossy) return;
  if (now < restated_ + settings_.restate_interval) {
    next_restate_ = restated_ + settings_.restate_interval;
    return;
  }
  restated_ = now;
  const auto before = self().who->lossy;
  const bool eased = self().worker_lag == worker_lag_;
  amend(me(), [&](known_node& mine) {
    ++mine.incarnation;
    mine.worker_lag = worker_lag_;
    if (before != lossy) mine.who = make_attributes(mine.who->name, mine.who->address, lossy);
  });
  if (!eased) happened(event_kind::changed, self());
  take_losses(self_, before, lossy);
  announce(self(), urgency::load, carry::version_only, now);
}

void core::watch_isolation(time_point now, actions& out) {
  const bool cut_off = reach_.is_cut_off(settings_.isolation_percent);
  if (cut_off == isolated()) return;
  if (!cut_off) {
    withdraw_accusations(now);
    end_isolation(now);
    out.notes.push_back("this node reaches others again: it is not isolated any more");
    return;
  }
  ++counters_.isolations;
  isolated_since_ = now;
  open_suspicions_.doubt_all();
  losses_.clear();
  restate(now);
  // Its own accusations are not to be the first that it says when the others hear it again.
  for (const auto& [who, by] : accusations_)
    if (by.accuser == self_) news_.forget(who);
  out.notes.push_back("this node reaches " + std::to_string(reach_.reached()) + " of the last " +
                      std::to_string(reach_.targets()) +
                      " nodes that it probed: it takes itself for isolated, and nobody for dead");
}

void core::end_isolation(time_point now) {
  isolated_since_ = never;
  // What others suspect, too, has waited; its subjects get the whole time to be heard.
  open_suspicions_.restart_all(now);
  probe_.reset();  // begun in isolation, it says nothing of its target
  next_probe_ = std::min(next_probe_, now + settings_.probe_period);
}

/// Whoever speaks to an isolated node has it ask who else is there. The first packet after a long silence:
/// the network is back. Before a word of what this node has thought of the others meanwhile goes out, and has
/// them all refute it, it thinks again.
void core::note_contact(time_point now) {
  const auto before = std::exchange(last_contact_, now);
  if (!isolated()) return;
  begin_roll_call(now);
  if (now < before + bounds_of(settings_, roster_.live()).longest) return;
  withdraw_accusations(now);
  isolated_since_ = now;
}

/// Who else is there? An isolated node asks when it hears somebody, any other when it suspects many.
void core::begin_roll_call(time_point now) {
  if (settings_.isolation_percent == 0 || roll_call_.open() || now < next_roll_call_) return;
  next_roll_call_ = now + bounds_of(settings_, roster_.live()).longest;
  std::vector<identity> everybody;
  for (const auto& one : roster_)
    if (is_live(one.state) && one.self.node != self_) everybody.push_back(one.self);
  random_.sample(everybody, everybody.size());
  roll_call_.begin(everybody, settings_.probe_timeout_max, now);
}

bool core::suspects_many() const { return roll_call::is_called_for(open_suspicions_.size(), roster_.live()); }

/// Pings to many, spread over time as gossip is.
std::size_t core::packets_at_once() const { return settings_.gossip_bytes_max / packet_overhead_bytes; }

void core::call_roll(time_point now, actions& out) {
  if (roll_call_.judges_few()) {
    const auto there = roll_call_.answered_first();
    const auto wanted = static_cast<std::size_t>(settings_.isolation_percent) * roll_call_.asked_first();
    if (isolated() && 100 * there.size() >= wanted) {
      for (const auto who : there) reach_.note(who, answer::direct, now);
      watch_isolation(now, out);
    }
    if (roll_call_.is_needless() || !(isolated() || suspects_many())) {
      next_roll_call_ = now + bounds_of(settings_, roster_.live()).shortest;
      return roll_call_.close();
    }
  }
  for (const auto who : roll_call_.turn(packets_at_once(), next_sequence_, settings_.gossip_interval, now)) {
    const auto* peer = roster_.find(who.node);
    if (peer == nullptr || peer->self != who || !is_live(peer->state)) continue;
    packet ping = start_ping(who);
    fill(ping, who, 0);
    ++counters_.pings;
    out.packets.push_back({peer->who->address, std::move(ping)});
  }
  if (roll_call_.over()) conclude_roll_call(now, out);
}

/// Those who are there answer, so it is not this node's network that keeps the others from it. Whom it
/// suspects now hears of it before it is buried; the others need not, for they call the roll themselves, and
/// it is more than options::accusations_max lets one say. An isolated node has the call alone to go by. Any
/// other knows of those who are gone from others, too; whom nobody suspects it may reach through helpers.
void core::conclude_roll_call(time_point now, actions& out) {
  const auto call = std::exchange(roll_call_, {});
  // What it suspects now does not begin the next one.
  next_roll_call_ = now + bounds_of(settings_, roster_.live()).longest;
  const auto silent = call.silent();
  if (!call.is_conclusive() || silent.empty()) return;
  out.notes.push_back(std::to_string(call.present()) + " nodes answer this one, and " +
                      std::to_string(silent.size()) + " do not: those are gone, or cut off");
  const bool knows_nothing_else = isolated();
  if (knows_nothing_else) end_isolation(now);
  reach_.forget_targets();
  health_ = 0;
  for (const auto who : silent) {
    auto* const known = roster_.find(who.node);
    if (known == nullptr || known->self != who || !is_live(known->state)) continue;
    if (known->state == state::alive) {
      if (!knows_nothing_else) continue;
      accuse(*known, now);
    }
    open_suspicions_.set_certain(who.node, true);
  }
}

/// What this node alone suspects, while it has reason to doubt itself, is its own trouble.
void core::withdraw_accusations(time_point now) {
  for (const auto who : open_suspicions_.only_of(self_)) {
    news_.forget(who);
    happened(event_kind::refuted, enter(*roster_.find(who), state::alive, {}, now));
  }
}

/// A packet to or from `who`, which lives, was lost. Where enough watch already, one more would change
/// nothing.
void core::watch(node_id who, time_point now) {
  const auto wanted = static_cast<std::size_t>(settings_.degraded_observers);
  if (wanted == 0 || isolated() || reach_.loses_everywhere() || !reach_.knows_usual_loss()) return;
  if (loss_reports_.observers_of(who).size() <= wanted) losses_.watch(who, now);
}

/// Pings the peers that packets were lost to, and judges those that went unanswered.
void core::look_closer(time_point now, actions& out) {
  bool judged = false;
  while (!watches_.empty() && watches_.begin()->second.ends <= now) {
    losses_.note(watches_.begin()->second.target.node, false, reach_.usual_loss());
    watches_.erase(watches_.begin());
    judged = true;
  }
  while (losses_.next() <= now) {
    const auto who = losses_.turn(now, settings_.probe_period / looks_per_period);
    const auto* peer = roster_.find(who);
    if (peer == nullptr || !is_live(peer->state)) {
      losses_.forget(who);
      continue;
    }
    packet ping = start_ping(peer->self);
    watches_[ping.sequence] = {peer->self, now + settings_.probe_timeout_max};
    ++counters_.pings;
    const auto where = peer->who->address;
    fill(ping, ping.target);
    out.packets.push_back({where, std::move(ping)});
  }
  if (judged) restate(now);
}

bool core::receive_watch_ack(const packet& what, time_point now) {
  const auto found = watches_.find(what.sequence);
  if (found == watches_.end() || found->second.target != what.from) return false;
  watches_.erase(found);
  ++counters_.acks;
  heard_from(what.from, now);
  losses_.note(what.from.node, true, reach_.usual_loss());
  restate(now);
  return true;
}

/// An observer says something else of others than before, or its word counts again, or no longer.
void core::take_losses(node_id observer, const std::vector<node_id>& before,
                       const std::vector<node_id>& after) {
  if (settings_.degraded_observers == 0) return;
  for (const auto who : loss_reports_.replace(observer, before, after)) {
    auto* const known = roster_.find(who);
    if (known == nullptr) continue;
    const bool degraded =
        loss_reports_.observers_of(who).size() >= static_cast<std::size_t>(settings_.degraded_observers);
    if (known->degraded == degraded) continue;
    known->degraded = degraded;
    if (is_live(known->state)) happened(event_kind::changed, *known);
  }
}

}  // namespace troupe::membership
