// When news is told, and to whom: at once out of quiet, a packet to a few peers per interval amid other news,
// within an allowance of bytes. What goes first and how often is dissemination.hpp's.
//
// Source: SWIM, section 4.1 (infection-style dissemination); the allowance is this project's.
#pragma once

#include <cstddef>
#include <cstdint>

#include <troupe/base/alarms.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/dissemination.hpp>
#include <troupe/membership/options.hpp>

namespace troupe::membership {

struct step;

class gossiper {
 public:
  gossiper(const options& settings, time_point now);

  /// Queues news. Out of quiet it leaves at once; amid other news it waits for its interval.
  void announce(update fresh, urgency how_urgent, const step& at);
  /// Tells what is queued now, as far as the allowance goes.
  void push(const step& at);
  void tick(const step& at);
  time_point next_deadline() const { return alarms_.next(); }

  dissemination& news() { return news_; }
  const dissemination& news() const { return news_; }
  /// Another process has this node's name: it has nothing more to say.
  void fall_silent();

 private:
  enum class alarm : std::uint8_t { push, count };

  bool tell_some(const step& at);

  dissemination news_;
  time_point pushed_;
  std::size_t bytes_left_ = 0;  // until renewed_at_
  time_point renewed_at_ = time_point::min();
  bool silent_ = false;
  alarms<alarm> alarms_;
};

/// How often an update is told, where of `live` members all should hear it and `usual_loss` of a node's own
/// pings and acks get lost: so many tellings that arrive.
int tellings_wanted(const options& settings, std::size_t live, double usual_loss);

}  // namespace troupe::membership
