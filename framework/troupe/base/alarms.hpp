// The deadlines of one owner, by name: what is due next, and when.
//
// An owner with several deadlines keeps them here instead of in a field each, so that "when to wake up"
// cannot forget one. `Name` is an enum class whose enumerators count from 0; its last one is `count`.
//
//   enum class deadline { probe, resend, count };
//   alarms<deadline> due;
//   due.set(deadline::probe, now + 1s);
//   if (due.take(deadline::probe, now)) probe();
//   timer.ring_by(due.next());
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <troupe/base/time.hpp>

namespace troupe {

template <class Name>
class alarms {
 public:
  alarms() { at_.fill(never); }

  void set(Name which, time_point at) { of(which) = at; }
  /// Moves it forward only: the earlier of the two holds.
  void set_by(Name which, time_point at) { of(which) = std::min(of(which), at); }
  void clear(Name which) { of(which) = never; }

  /// `never` where it is not set.
  time_point at(Name which) const { return at_[static_cast<std::size_t>(which)]; }
  bool is_set(Name which) const { return at(which) != never; }
  bool due(Name which, time_point now) const { return at(which) <= now; }
  /// Whether it is due; if so it is cleared.
  bool take(Name which, time_point now) {
    if (!due(which, now)) return false;
    clear(which);
    return true;
  }
  /// The earliest; `never` where none is set.
  time_point next() const { return *std::min_element(at_.begin(), at_.end()); }

 private:
  time_point& of(Name which) { return at_[static_cast<std::size_t>(which)]; }

  std::array<time_point, static_cast<std::size_t>(Name::count)> at_;
};

}  // namespace troupe
