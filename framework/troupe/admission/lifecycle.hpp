// The lives of one service: when it takes requests, and when one that has died is started again.
//
// A service that dies is down for 100 ms, then twice as long each time, up to 10 s; one that has lived well
// before it died begins with 100 ms again. Who starts and watches it is the shell: it tells of what happened,
// and looks at `restart_at`.
#pragma once

#include <cstdint>

#include <troupe/base/time.hpp>

namespace troupe::admission {

class lifecycle {
 public:
  enum class phase : std::uint8_t {
    starting,  // its first life has not begun: it cannot be asked yet, and if it dies it is forgotten
    serving,   // in any later life from its launch on: what comes meanwhile waits in its queue
    waiting_to_restart,
    stopped,
  };

  phase now() const { return phase_; }

  /// A life is being begun.
  void launched(time_point now);
  /// The first life has begun.
  void began();
  /// It died, after its first life had begun. Gives how long it stays down.
  duration died(time_point now);
  /// It is not to be started again.
  void stopped();

  /// `never` unless it waits to be restarted.
  time_point restart_at() const { return restart_at_; }
  std::uint32_t restarts() const { return restarts_; }

 private:
  phase phase_ = phase::starting;
  time_point launched_{};
  time_point restart_at_ = never;
  std::uint32_t restarts_ = 0;
  std::uint32_t in_a_row_ = 0;
};

/// How long a service that has died `times` times in a row before stays down: 100 ms, doubling, to 10 s.
duration restart_delay(std::uint32_t times);

}  // namespace troupe::admission
