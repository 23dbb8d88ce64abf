// The service meter, where two threads can reach it: the service's actor feeds it, in whatever thread has its
// turn, and the server reads it on the event loop for each load report.
//
// Fed on the event loop, when an answer arrives there, the meter would not know what is being served, nor how
// many share the worker where handlers interleave, and times would arrive out of order. In the actor's turns
// all of that is as it is. The lock is held for a few dozen instructions.
#pragma once

#include <mutex>

#include <troupe/admission/service_meter.hpp>
#include <troupe/base/time.hpp>

namespace troupe::serving {

class locked_service_meter {
 public:
  /// A request that waited for `wait` gets its first turn.
  void began(duration wait, time_point now) {
    const std::lock_guard held(lock_);
    meter_.began(wait, now);
  }
  /// It is done, `took` after that.
  void ended(duration took, time_point now) {
    const std::lock_guard held(lock_);
    meter_.ended(took, now);
  }
  /// It is given up, as its service has died.
  void abandoned(time_point now) {
    const std::lock_guard held(lock_);
    meter_.abandoned(now);
  }

  /// Requests that have had their first turn and are not done.
  std::uint32_t serving() const {
    const std::lock_guard held(lock_);
    return meter_.serving();
  }
  admission::service_meter::reading read(time_point now) const {
    const std::lock_guard held(lock_);
    return meter_.read(now);
  }

 private:
  mutable std::mutex lock_;
  admission::service_meter meter_{1};  // an actor has one turn at a time
};

}  // namespace troupe::serving
