// Whether the other end of a link still answers, without help from TCP. Sans-IO.
//
// Intuition: a process that is stopped or a machine that lost its network keeps its connections open, and
// TCP notices after minutes. A ping that is due whenever nothing was heard for a while, and a short
// patience for its answer, notice within a fraction of a second.
#pragma once

#include <troupe/base/time.hpp>

namespace troupe::transport {

struct keep_alive_options {
  /// Nothing heard for this long: a ping goes out. Bounds 10 ms to 1 min.
  duration interval = std::chrono::milliseconds(250);
  /// A ping unanswered for this long: the peer is silent. Raising it forgives long pauses and leaves calls
  /// waiting longer on a dead peer.
  duration patience = std::chrono::milliseconds(400);
  /// Silent for this long: the link is given up.
  duration give_up = std::chrono::seconds(15);
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
