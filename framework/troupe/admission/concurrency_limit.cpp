#include <algorithm>
#include <cmath>

#include <troupe/admission/concurrency_limit.hpp>

namespace troupe::admission {

namespace {

// A window ends when both are reached, or at `window_longest`: fewer samples are noise, longer ones are news
// that comes late.
constexpr std::uint32_t samples_enough = 100;
constexpr std::uint32_t samples_min = 10;
constexpr duration window_min = 100ms;
constexpr duration window_longest = 1s;

constexpr duration wait_tolerated = 50ms;
constexpr duration wait_longest = 1s;
constexpr double exploration = .2;
constexpr double queue_most = 130;
constexpr double queue_least = 16;

constexpr double expired_much = .1;
constexpr double patience_share = .5;
constexpr double patience_growth = 1.25;  // a window

constexpr double refused_much = .1;
constexpr double refused_little = .05;
constexpr std::uint32_t refusing_windows_max = 5;

constexpr duration remeasure_after = 10s;
constexpr double drained_share = .75;
constexpr std::uint32_t drained_limit_min = 8;

}  // namespace

concurrency_limit::concurrency_limit(std::uint32_t bound, time_point now)
    : bound_(std::max(1u, bound)),
      limit_(bound_),
      opened_(now),
      last_(now),
      least_at_(now),
      queue_(queue_most),
      patience_(to_seconds(wait_longest)) {}

void concurrency_limit::open(time_point now) {
  opened_ = now;
  completed_ = refused_ = expired_ = 0;
  waited_ = executed_ = allowed_ = duration{0};
}

void concurrency_limit::completed(duration waited, duration executed, time_point now) {
  // Time in which nothing happened says nothing about what the service can do.
  if (now - last_ > window_longest) open(now);
  last_ = std::max(last_, now);
  ++completed_;
  waited_ += std::max(waited, duration{0});
  executed_ += std::max(executed, duration{0});
  const duration passed = now - opened_;
  const bool enough = passed >= window_min && completed_ >= samples_enough;
  if (enough || (passed >= window_longest && completed_ >= samples_min)) close(now);
}

double concurrency_limit::target() const {
  const double waiting = std::max(queue_, highest_rate_ * to_seconds(wait_tolerated));
  const double served = std::max(queue_least, highest_rate_ * to_seconds(wait_longest));
  const double borne =
      patience_ < to_seconds(wait_longest) ? std::max(1., highest_rate_ * patience_) : served;
  return least_execution_ * highest_rate_ * (1 + exploration) + std::min({waiting, served, borne});
}

void concurrency_limit::learn_execution(double seconds, bool waiting, time_point now) {
  if (phase_ == phase::draining) return;
  if (least_execution_ <= 0 || phase_ == phase::measuring) {
    least_execution_ = seconds;
    phase_ = phase::steady;
  } else if (seconds < least_execution_) {
    least_execution_ += (seconds - least_execution_) / 2;  // one odd window is not believed outright
  } else if (!waiting) {
    least_execution_ += (seconds - least_execution_) / 4;  // nobody waited, so this is how long it takes
  } else {
    return;
  }
  least_at_ = now;
}

void concurrency_limit::adjust_queue() {
  const double turned_away = refused_ + expired_;
  const double share = turned_away / (turned_away + completed_);
  refusing_windows_ = share > refused_much ? refusing_windows_ + 1 : 0;
  if (refusing_windows_ >= refusing_windows_max) {
    refusing_windows_ = 0;
    queue_ = std::max(queue_least, queue_ / 2);
  } else if (share < refused_little) {
    queue_ = std::min(queue_most, queue_ * 2);
  }
}

void concurrency_limit::adjust_patience() {
  const double longest = to_seconds(wait_longest);
  const double share = static_cast<double>(expired_) / static_cast<double>(expired_ + completed_);
  if (share > expired_much)
    patience_ = std::min(patience_, to_seconds(allowed_) / expired_ * patience_share);
  else if (expired_ == 0)
    patience_ = std::min(longest, patience_ * patience_growth);
}

void concurrency_limit::close(time_point now) {
  const double seconds = to_seconds(now - opened_);
  rates_[rate_at_] = static_cast<double>(completed_) / seconds;
  rate_at_ = (rate_at_ + 1) % windows;
  highest_rate_ = *std::max_element(rates_.begin(), rates_.end());
  const duration waited = waited_ / completed_;
  const bool waiting = waited > wait_tolerated || expired_ > 0;
  if (phase_ == phase::draining && now >= drained_at_) {
    phase_ = phase::measuring;  // from the next window on: this one still has the queue in it
  } else {
    learn_execution(to_seconds(executed_) / completed_, waiting, now);
  }
  if (phase_ == phase::steady) {
    adjust_queue();
    adjust_patience();
    const double held = least_execution_ * highest_rate_;
    if (waiting && now - least_at_ > remeasure_after) {
      phase_ = phase::draining;
      drained_at_ = now + 2 * waited;
      limit_ =
          std::min(bound_, std::max(drained_limit_min, static_cast<std::uint32_t>(held * drained_share)));
    } else if (waiting) {
      limit_ = static_cast<std::uint32_t>(std::min<double>(bound_, std::ceil(target())));
    } else {
      limit_ = std::min(bound_, limit_ + std::max(limit_ / 4, static_cast<std::uint32_t>(queue_least)));
    }
  }
  open(now);
}

}  // namespace troupe::admission
