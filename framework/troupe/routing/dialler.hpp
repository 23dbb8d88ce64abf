// The links to other nodes, one each: asked for where they are needed, and asked for again, after a backoff
// that doubles, where they broke.
//
// A link is idle, dialing, up, or broken (link_state); whoever makes links reports how it went.
#pragma once

#include <cstdint>
#include <string_view>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/service_table.hpp>

namespace troupe::routing {

class dialler {
 public:
  /// All four must outlive it.
  dialler(const options& settings, node_table& nodes, const service_table& services, random_source& random)
      : settings_(settings), nodes_(nodes), services_(services), random_(random) {}

  /// Whether there is a reason for a link to the node: it is in the window of a service that is called, or a
  /// call had to go there lately.
  bool is_needed(const node_state& node, time_point now) const;
  /// Asks for a link where there is none; one that broke waits for its backoff.
  void want(node_state& node, actions& out);

  void opened(node_state& node, time_point now);
  /// It broke, or could not be made. It is wanted again after a backoff, while it is needed.
  void broke(node_state& node, std::string_view why, time_point now);
  /// It is not wanted any more, so that it ends means nothing.
  void retire(node_state& node);

  /// Whether any link is being made.
  bool is_dialing() const { return dialing_ > 0; }

  /// Asks again for links whose backoff has passed.
  void tick(time_point now, actions& out);
  time_point next_deadline() const { return next_dial_; }

 private:
  void set_link(node_state& node, link_state state);
  void begin_backoff(node_state& node, time_point now);

  const options& settings_;
  node_table& nodes_;
  const service_table& services_;
  random_source& random_;
  std::uint32_t dialing_ = 0;  // links
  time_point next_dial_ = never;
};

}  // namespace troupe::routing
