#include <troupe/routing/standings.hpp>

namespace troupe::routing {

void update_standings(const node_state& node, service_table& services) {
  using balance::standing;
  for (const node_state::replica& replica : node.replicas) {
    balance::replica_set& replicas = services[replica.service].replicas;
    replicas.set(replica.index, standing::unreachable, !node.takes_calls());
    replicas.set(replica.index, standing::draining, node.status == node_status::draining);
    replicas.set(replica.index, standing::silent, node.silent);
    replicas.set(replica.index, standing::suspected, node.suspected);
    replicas.set(replica.index, standing::degraded, node.degraded);
    replicas.set(replica.index, standing::outside, replica.is_outside());
    replicas.set(replica.index, standing::mute, node.probes == probes::ignored);
  }
}

}  // namespace troupe::routing
