#include <algorithm>
#include <cmath>

#include <troupe/balance/ejection.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

namespace {

constexpr duration half_window = 15s;
// Below this spread between peers, a difference is noise: two replicas at 99.9% and 99.8% are equal.
constexpr double sigma_min = .05;

}  // namespace

std::string_view to_string(health value) {
  switch (value) {
    case health::healthy:
      return "healthy";
    case health::ejected:
      return "ejected";
    case health::probing:
      return "probing";
  }
  return "?";
}

void ejection::window::turn(time_point now) {
  if (now - turned < half_window) return;
  const bool both = now - turned >= 2 * half_window;
  total[1] = both ? 0 : total[0];
  good[1] = both ? 0 : good[0];
  total[0] = good[0] = 0;
  turned = now;
}

void ejection::window::count(bool success, time_point now) {
  turn(now);
  ++total[0];
  good[0] += success;
}

void ejection::reset(std::size_t index, bool present) {
  if (index >= everyone_.size()) everyone_.resize(index + 1);
  entry& it = everyone_[index];
  present_ -= it.present;
  out_ -= it.present && it.state != health::healthy;
  it = entry{};
  it.present = present;
  present_ += present;
  ++changes_;
}

void ejection::heard(std::size_t index, time_point now) {
  entry& it = everyone_[index];
  it.heard = std::max(it.heard, now);
  changes_ += it.by_silence && it.state == health::ejected;  // it need not wait for `longest` any more
}

void ejection::began(std::size_t index, time_point now) {
  entry& it = everyone_[index];
  if (it.state != health::probing || it.trial_under_way) return;
  it.trial_under_way = true;
  it.trial_started = now;
  ++changes_;
}

bool ejection::succeeded(std::size_t index, time_point started, time_point now) {
  entry& it = everyone_[index];
  it.heard = std::max(it.heard, now);
  it.failures = 0;
  it.outcomes.count(true, now);
  answered_ = {now, index};
  if (it.state != health::probing || !it.trial_under_way || started < it.trial_started) return false;
  it.state = health::healthy;
  it.trial_under_way = false;
  it.outcomes = window{};
  it.outcomes.turned = now;
  it.slow = 0;
  --out_;
  ++changes_;
  return true;
}

void ejection::paced(std::size_t index, pace how, time_point now) {
  entry& it = everyone_[index];
  if (how == pace::usual) {
    it.slow = 0;
    at_pace_ = {now, index};
    return;
  }
  if (++it.slow == 1) it.slow_since = now;
  if (it.state == health::healthy && it.slow >= settings_->failures_max &&
      at_pace_.from_another_since(index, it.slow_since))
    eject(index, cause::slowness, now);
}

void ejection::failed(std::size_t index, time_point started, time_point now) {
  entry& it = everyone_[index];
  it.outcomes.count(false, now);
  ++it.failures;
  if (it.state == health::probing && it.trial_under_way && started >= it.trial_started) {
    eject(index, cause::failed_trial, now);
  } else if (it.state == health::healthy) {
    if (it.failures >= settings_->failures_max) {
      eject(index, cause::failures, now);
    } else if (is_outlier(index, now)) {
      eject(index, cause::success_rate, now);
    }
  }
}

void ejection::abandoned(std::size_t index, time_point started, time_point now) {
  const entry& it = everyone_[index];
  if (it.state == health::probing && it.trial_under_way && started >= it.trial_started)
    eject(index, cause::failed_trial, now);
}

void ejection::watch_silence(std::size_t index, std::uint32_t unanswered, time_point waiting_since,
                             duration bound, time_point now) {
  const entry& it = everyone_[index];
  if (it.state == health::ejected || unanswered < settings_->silent_in_flight_min) return;
  if (it.state == health::probing && !it.trial_under_way) return;
  const time_point since = it.state == health::probing ? it.trial_started : waiting_since;
  if (now - std::max(since, it.heard) < bound) return;
  if (answered_.from_another_since(index, now - bound)) eject(index, cause::silence, now);
}

void ejection::turn(std::size_t index, time_point now) {
  entry& it = everyone_[index];
  if (it.state != health::ejected || now < until(index)) return;
  it.state = health::probing;
  it.trial_under_way = false;
  ++changes_;
}

bool ejection::bars_unhealthy(std::size_t index) const {
  if (ignored()) return false;
  return everyone_[index].state == health::ejected || everyone_[index].trial_under_way;
}

time_point ejection::next_turn(time_point now) const {
  if (out_ == 0) return never;
  time_point next = never;
  for (std::size_t i = 0; i < everyone_.size(); ++i)
    if (everyone_[i].state == health::ejected && until(i) > now) next = std::min(next, until(i));
  return next;
}

time_point ejection::until(std::size_t index) const {
  const entry& it = everyone_[index];
  return it.by_silence && it.heard <= it.ejected ? it.ejected + settings_->longest : it.until;
}

// Its peers' mean and deviation without itself: with three replicas, an outlier that is part of its own
// yardstick can never be 1.9 sigmas away from it.
bool ejection::is_outlier(std::size_t index, time_point now) {
  entry& it = everyone_[index];
  if (it.outcomes.requests() < settings_->requests_min || it.outcomes.rate() >= settings_->success_min)
    return false;
  double sum = 0;
  double squares = 0;
  double peers = 0;
  for (std::size_t i = 0; i < everyone_.size(); ++i) {
    entry& peer = everyone_[i];
    if (i == index || !peer.present) continue;
    peer.outcomes.turn(now);
    if (peer.outcomes.requests() < settings_->requests_min) continue;
    const double rate = peer.outcomes.rate();
    sum += rate;
    squares += rate * rate;
    ++peers;
  }
  if (peers == 0) return false;
  const double mean = sum / peers;
  const double sigma = std::sqrt(std::max(squares / peers - mean * mean, 0.));
  return it.outcomes.rate() < mean - settings_->sigmas * std::max(sigma, sigma_min);
}

void ejection::eject(std::size_t index, cause why, time_point now) {
  entry& it = everyone_[index];
  const bool again = it.until != time_point{} && now - it.until < settings_->longest;
  it.level = again ? it.level + 1 : 0;
  out_ += it.state == health::healthy;
  it.state = health::ejected;
  it.by_silence = why == cause::silence || (why == cause::failed_trial && it.by_silence);
  it.trial_under_way = false;
  it.ejected = now;
  it.failures = it.slow = 0;
  ++changes_;
  const double doubled = to_seconds(settings_->first) * std::exp2(std::min(it.level, 20u));
  const double unit = static_cast<double>(mix(salt_ ^ mix(index * 64 + it.level)) >> 11) * 0x1.0p-53;
  const double jittered =
      std::min(doubled, to_seconds(settings_->longest)) * (1 + settings_->jitter * (2 * unit - 1));
  it.until = now + from_seconds(jittered);
  switch (why) {
    case cause::failures:
      it.why = "too many failures in a row";
      break;
    case cause::success_rate:
      it.why = "succeeds far less often than its peers";
      break;
    case cause::silence:
      it.why = "silent while calls wait and its peers answer";
      break;
    case cause::slowness:
      it.why = "many times slower than its peers";
      break;
    case cause::failed_trial:
      it.why = "the call that tried it again failed";
      break;
  }
}

}  // namespace troupe::balance
