// Whether the other end of a link still answers, without help from TCP. Sans-IO.
//
// Intuition: a process that is stopped or a machine that lost its network keeps its connections open, and
// TCP notices after minutes. A ping that is due whenever nothing was heard for a while, and a short
// patience for its answer, notice within a fraction of a second.
#pragma once

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::transport {

struct keep_alive_options {
  duration interval = std::chrono::milliseconds(250);
  /// Raising it forgives long pauses and leaves calls waiting longer on a dead peer.
  duration patience = std::chrono::milliseconds(400);
  duration give_up = std::chrono::seconds(15);

  /// What each option is, and its bounds.
  static option_list<keep_alive_options> list();
  /// Errors: invalid_argument, naming the option, its value and its bounds.
  result<void> validate() const;
};

class keep_alive {
 public:
  keep_alive(const keep_alive_options& options, time_point now) : options_(options), heard_(now) {}

  enum class verdict { fine, ping, fell_silent, silent, dead };

  void heard(time_point now) {
    heard_ = now;
    pinged_ = never;
    silent_ = false;
  }
  bool silent() const { return silent_; }

  /// What to do now; `fell_silent` once at the change.
  verdict check(time_point now) {
    if (pinged_ == never) {
      if (now - heard_ < options_.interval) return verdict::fine;
      pinged_ = now;
      return verdict::ping;
    }
    if (now - pinged_ < options_.patience) return verdict::fine;
    if (now - pinged_ >= options_.give_up) return verdict::dead;
    if (silent_) return verdict::silent;
    silent_ = true;
    return verdict::fell_silent;
  }

 private:
  keep_alive_options options_;
  time_point heard_;
  time_point pinged_ = never;
  bool silent_ = false;
};

}  // namespace troupe::transport
