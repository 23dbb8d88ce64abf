// Who is dead or has left, the oldest first, and when they are forgotten.
//
// They are shown for a while, and the dead are tried again; afterwards only a tombstone is left of them.
// Where there is no room for one who lives, whoever has been gone for longest goes first. Entries about those
// who came back meanwhile are stale and count for nothing.
#pragma once

#include <deque>
#include <utility>

#include <troupe/base/alarms.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/roster.hpp>

namespace troupe::membership {

struct step;

class departed {
 public:
  explicit departed(time_point now);

  /// `who` is dead, or has left, from now on.
  void note(node_id who, state as, time_point now);
  /// Forgets those whose time is up, if it is time to look.
  void tick(const step& at);
  /// Forgets whoever has been gone for longest, if anybody is.
  void make_room(const step& at);
  time_point next_deadline() const { return alarms_.next(); }

 private:
  enum class alarm : std::uint8_t { sweep, count };
  using queue = std::deque<std::pair<time_point, node_id>>;

  static bool is_stale(const queue::value_type& entry, state as, const roster& all);
  static void sweep(queue& gone, state as, duration kept, const step& at);

  queue dead_;
  queue left_;
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
