// What happened and has not been handed out yet, and when it is.
//
// Who is there, and what it serves, leaves at once: whoever sees a member may call it, and the router must
// not be the last to know. Bad news leaves together: the first at once, what follows within
// options::event_interval in one batch. Deaths alone wait, for at most options::verdict_wait, while others
// are about to follow: ten crashes are one change to the router or two, not ten.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/base/alarms.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/member.hpp>
#include <troupe/membership/open_suspicions.hpp>
#include <troupe/membership/options.hpp>

namespace troupe::membership {

enum class pressing : bool { no, yes };

class event_batch {
 public:
  /// What happens first leaves at once.
  event_batch(const options& settings, time_point now) : released_(now - settings.event_interval) {}

  /// One that is pressing leaves, with all that waits, as soon as `release` is called.
  void note(event what, pressing how, const options& settings);
  /// Moves to `into` what is due. Deaths wait while some of `doubts` are shared.
  void release(const options& settings, const open_suspicions& doubts, time_point now,
               std::vector<event>& into);
  /// All of it: at the end nothing is held back.
  void release_all(time_point now, std::vector<event>& into);
  time_point next_deadline() const { return alarms_.next(); }

 private:
  enum class alarm : std::uint8_t { release, count };

  bool holds_only_deaths() const;

  std::vector<event> waiting_;
  time_point released_;
  time_point deaths_until_ = never;  // how long deaths wait for others
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
