#include "choosing_client.hpp"

#include <algorithm>
#include <utility>

namespace troupe::simulator {

choosing_client::choosing_client(const scenario& what, std::unique_ptr<contender> chooser, stage& on)
    : what_(what), chooser_(std::move(chooser)), stage_(on) {}

std::uint32_t choosing_client::begin(const order& what, time_point now) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  pending& it = slots_[slot];
  const auto life = it.life;
  it = {};
  it.life = life;
  it.what = what;
  // Whoever is held goes first.
  if (!held_.empty()) {
    it.now = pending::phase::held;
    held_.push_back(slot);
  } else {
    place_or_hold(slot, now);
  }
  return slot;
}

void choosing_client::place_or_hold(std::uint32_t slot, time_point now) {
  if (place(slot, now) == placed::yes) return;
  slots_[slot].now = pending::phase::held;
  held_.push_back(slot);
  stage_.wake_at(std::max(chooser_->held_until(), now + 10us));
}

choosing_client::placed choosing_client::place(std::uint32_t slot, time_point now) {
  pending& it = slots_[slot];
  it.what.what.candidates = stage_.candidates(it.what.ref);
  if (it.what.what.candidates.empty()) return stage_.wake_at(now + 10ms), placed::no;
  const auto chosen = chooser_->choose(it.what.what, now);
  chooser_->probe(now, probes_);
  for (const auto whom : probes_) stage_.probe(whom);
  probes_.clear();
  if (!chosen) return placed::no;
  it.now = pending::phase::under_way;
  it.at = *chosen;
  it.sent = now;
  ++it.tries;
  const auto which = it.tries > 1 ? rpc::attempt_kind::further : rpc::attempt_kind::first;
  it.sent_as = stage_.transmit(it.what.ref, it.at, slot, which,
                               it.what.what.after == errand::again::bounced ? 0 : chooser_->bounce_at());
  if (what_.attempt_timeout > duration{0}) {
    if (timers_.empty()) stage_.wake_at(now + what_.attempt_timeout);
    timers_.push_back({now + what_.attempt_timeout, slot, it.life, it.tries});
  }
  return placed::yes;
}

void choosing_client::attempt_over(pending& it, ending how, const rpc::load_report* load, time_point now) {
  chooser_->ended({it.at, it.what.what.method, it.sent, how, load}, now);
}

bool choosing_client::repeats(const pending& it, time_point now) const {
  return it.tries < what_.attempts && now < it.what.deadline;
}

void choosing_client::finish(std::uint32_t slot, ending how) {
  pending& it = slots_[slot];
  stage_.finish(it.what.ref, how, it.at);
  it.now = pending::phase::free;
  ++it.life;
  free_.push_back(slot);
}

void choosing_client::answered(std::uint64_t tag, server_index, const reply& came, time_point now) {
  const auto slot = static_cast<std::uint32_t>(tag);
  pending& it = slots_[slot];
  attempt_over(it, came.how, came.load, now);
  if (came.how == ending::bounced) {
    it.what.what.after = errand::again::bounced;
    --it.tries;
    return place_or_hold(slot, now);
  }
  if (came.how != ending::success && repeats(it, now)) return place_or_hold(slot, now);
  finish(slot, came.how);
}

void choosing_client::expired(std::uint32_t slot, time_point now) {
  pending& it = slots_[slot];
  if (it.now == pending::phase::held) {
    held_.erase(std::find(held_.begin(), held_.end(), slot));
  } else {
    attempt_over(it, ending::timed_out, nullptr, now);
    stage_.withdraw(it.sent_as);
  }
  finish(slot, ending::timed_out);
}

void choosing_client::appeared(server_index which, time_point now) {
  if (which >= known_.size()) known_.resize(which + 1);
  if (std::exchange(known_[which], true)) return;
  chooser_->appeared(which, now);
}

void choosing_client::left(server_index which, time_point now) {
  if (which >= known_.size() || !std::exchange(known_[which], false)) return;
  chooser_->left(which, now);
}

void choosing_client::wake(time_point now) {
  while (!timers_.empty() && timers_.front().due <= now) {
    const timer due = timers_.front();
    timers_.pop_front();
    pending& it = slots_[due.slot];
    if (it.life != due.life || it.tries != due.tries || it.now != pending::phase::under_way) continue;
    if (!repeats(it, now)) continue;
    attempt_over(it, ending::timed_out, nullptr, now);
    stage_.withdraw(it.sent_as);
    place_or_hold(due.slot, now);
  }
  if (!timers_.empty()) stage_.wake_at(timers_.front().due);
  while (!held_.empty()) {
    if (place(held_.front(), now) == placed::no)
      return stage_.wake_at(std::max(chooser_->held_until(), now + 10us));
    held_.pop_front();
  }
}

}  // namespace troupe::simulator
