#include <utility>

#include <troupe/node/node_change_of.hpp>

namespace troupe {

calling::node_change node_change_of(const membership::member& who) {
  routing::node_view view;
  view.self = who.self;
  view.name = who.name;
  view.address = to_string(who.address);
  view.zone = who.document.zone;
  // Only what is certain excludes a node: a wrong suspicion must be cheap.
  const auto gone = who.state == membership::state::dead || who.state == membership::state::left;
  view.status = gone                                     ? routing::node_status::gone
                : who.mode == membership::mode::draining ? routing::node_status::draining
                                                         : routing::node_status::serving;
  view.suspected = who.state == membership::state::suspect;
  view.degraded = who.degraded || who.worker_lag > 0;
  for (const auto& service : who.document.services) view.services.push_back({service.name, service.weight});
  return {std::move(view), who.address};
}

}  // namespace troupe
