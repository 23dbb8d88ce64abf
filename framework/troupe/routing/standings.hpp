// What speaks for and against a node, as the statistics of its services are told: they keep it a replica.
#pragma once

#include <troupe/routing/node_table.hpp>
#include <troupe/routing/service_table.hpp>

namespace troupe::routing {

/// To be called after any change of the node's link, status, silence, suspicion, or place in a window.
void update_standings(const node_state& node, service_table& services);

}  // namespace troupe::routing
