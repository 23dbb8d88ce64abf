// Whom this node is connected to, of a service with more replicas than its aperture (options::aperture): a
// window of them, which is even over all callers and moves little when somebody comes or goes
// (balance/aperture.hpp).
//
// The statistics know everybody, since a key's owner may be anybody; only links are spared. A call that must
// go beyond the window (to its key's owner, to one node, or because nobody in the window can be reached) gets
// its link, which is kept for a while.
#pragma once

#include <cstdint>

#include <troupe/balance/aperture.hpp>
#include <troupe/base/alarms.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/dialler.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/service_table.hpp>

namespace troupe::routing {

class service_windows {
 public:
  /// `self` is this node. All the others must outlive it.
  service_windows(node_id self, node_table& nodes, service_table& services, dialler& links,
                  random_source& random)
      : self_(self), nodes_(nodes), services_(services), links_(links), random_(random) {}

  /// The service is called from now on: links to its window are wanted.
  void open(service_ref service, actions& out);
  /// Its replicas, its aperture or its callers have changed: its window is put where it belongs now. Links to
  /// whoever came in are wanted; those to whoever went out are given up by `tick`.
  void move(service_ref ref, actions& out);
  /// All windows, with the next 100 ms.
  void move_soon(time_point now);
  /// All windows, with the next tick.
  void move_at_once() { alarms_.set(alarm::move, time_point{}); }

  /// A call must go to the node, wherever the window is: a link to it is wanted for the next minute.
  void reach_out(node_state& node, time_point now, actions& out);
  /// Nobody in the window can be reached: some replicas beyond it are reached out to. False when there is
  /// nobody else, or when no link to any of these is being made.
  bool reach_beyond(service_ref ref, time_point now, actions& out);

  /// Moves windows, and gives up links that are not needed any more, when nothing is under way on them.
  void tick(time_point now, actions& out);
  time_point next_deadline() const { return alarms_.next(); }

 private:
  enum class alarm { move, hang_up, count };

  void move_all(actions& out);
  void hang_up_unneeded(time_point now, actions& out);
  /// Which of how many callers of the service this node is, by the hashes of their ids.
  balance::router_place place_among_callers(service_ref service) const;

  const node_id self_;
  node_table& nodes_;
  service_table& services_;
  dialler& links_;
  random_source& random_;
  std::uint32_t windowed_ = 0;  // services with more replicas than their aperture
  alarms<alarm> alarms_;
};

}  // namespace troupe::routing
