// How full a service is, as the thread that executes its requests may see it: so that a request that was
// let in can still give way, at its turn, to more critical ones that came after it.
//
// The server counts (on the event loop's thread), the service's actor reads. What the actor turns away it
// counts itself, at once: else it would turn away everything until the server has heard of the first.
#pragma once

#include <atomic>
#include <cstdint>

#include <troupe/admission/allowance.hpp>
#include <troupe/admission/service.hpp>
#include <troupe/rpc/criticality.hpp>

namespace troupe::serving {

struct occupancy {
  std::atomic<std::uint32_t> in_flight{0};  // let in and not yet answered; the server's
  std::atomic<std::uint32_t> limit{1};      // the server's
  std::atomic<std::uint32_t> leaving{0};    // of in_flight, turned away: the actor adds, the server takes off

  /// On the server's thread, after every change.
  void show(const admission::service& now) {
    in_flight.store(now.in_flight(), std::memory_order_relaxed);
    limit.store(now.limit(), std::memory_order_relaxed);
  }
  /// On the service's thread: may one that is in stay? If not, it counts as gone.
  bool may_stay(rpc::criticality what, rpc::attempt_kind which) {
    const admission::fullness now{.in_flight = in_flight.load(std::memory_order_relaxed),
                                  .leaving = leaving.load(std::memory_order_relaxed),
                                  .limit = limit.load(std::memory_order_relaxed)};
    if (admission::may_stay(now, what, which)) return true;
    give_way();
    return false;
  }
  /// On the service's thread: one that is in counts as gone.
  void give_way() { leaving.fetch_add(1, std::memory_order_relaxed); }
};

}  // namespace troupe::serving
