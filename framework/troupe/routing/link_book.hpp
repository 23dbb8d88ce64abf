// The nodes that this router knows, the links to them, and what the statistics are told of both: who can take
// a call, and whom to be connected to. What a change means for calls under way, it only says: that is the
// call book's business.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/dialler.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/service_table.hpp>
#include <troupe/routing/service_windows.hpp>

namespace troupe::routing {

class link_book {
 public:
  /// `zone` is this node's own. `settings`, `services` and `random` must outlive it.
  link_book(const options& settings, node_id self, std::string zone, service_table& services,
            random_source& random);
  link_book(const link_book&) = delete;
  link_book& operator=(const link_book&) = delete;

  // --- What happens to nodes and links -------------------------------------------------------------

  enum class news : std::uint8_t {
    none,     // it is not known, or the view is of an older life
    present,  // it may take parked calls
    gone,     // its calls are to move away; then `forget` it
  };
  news node_changed(const node_view& view, time_point now, actions& out);
  /// Where its link is still up, it is forgotten when that ends.
  void forget(node_id id);

  /// False of a link that was up, or is nobody's.
  bool link_up(node_id id, time_point now, probes what = probes::answered);
  /// Whether it was up: then attempts on it are lost.
  bool link_down(node_id id, std::string_view why, time_point now);
  /// The link takes no more requests, or takes them again.
  void link_congested(node_id id, bool congested);
  void heard_from(node_id id, time_point now);
  /// False where it was silent, or is nobody.
  bool fell_silent(node_id id);

  // --- What calls need -----------------------------------------------------------------------------

  const node_table& nodes() const { return nodes_; }
  /// Null where it is not known.
  node_state* find(node_id id) { return nodes_.find(id); }
  /// Null where no such node offers the service.
  const node_state::replica* find_replica(node_id id, service_ref service) const;
  bool is_dialing() const { return links_.is_dialing(); }
  /// See service_windows, for these.
  service_windows& windows() { return windows_; }

  // --- Time ----------------------------------------------------------------------------------------

  /// Looks for replicas that have gone silent. To be called every 100 ms or so while there are calls.
  void watch(time_point now);
  void tick(time_point now, actions& out);
  time_point next_deadline() const { return std::min(links_.next_deadline(), windows_.next_deadline()); }

 private:
  void take_view(node_state& node, const node_view& view);
  void update_replicas(node_state& node, const node_view& view, time_point now, actions& out);
  void remove_unoffered(node_state& node, const node_view& view, time_point now);
  void add_replica(node_state& node, service_ref ref, balance::replica_facts facts, time_point now,
                   actions& out);
  void remove_replicas(node_state& node);

  const node_id self_;
  const std::string zone_;
  service_table& services_;
  node_table nodes_;
  dialler links_;
  service_windows windows_;
};

}  // namespace troupe::routing
