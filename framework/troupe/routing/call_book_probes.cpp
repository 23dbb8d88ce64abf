// Probes: what a replica is asked for its load by, beside the calls that are made anyhow.
#include <troupe/routing/call_book.hpp>

namespace troupe::routing {

// With first attempts, so that the rate of probes follows the rate of calls: further attempts, of which there
// are more when replicas are in trouble, add none.
void call_book::send_probes(service_ref service, time_point now, actions& out) {
  balance::replica_set& replicas = services_[service].replicas;
  while (const auto due = replicas.probe_due(random_, now)) {
    ++counted_.probes;
    out.push_back(probe{replicas.node_of(*due), service});
  }
}

void call_book::load_told(node_id by, service_ref service, const rpc::load_report& load, time_point now) {
  const auto* replica = links_.find_replica(by, service);
  if (replica == nullptr) return;
  ++counted_.probes_answered;
  balance::replica_set& replicas = services_[service].replicas;
  replicas.probed(replica->index, replicas.life_of(replica->index), load, now);
}

}  // namespace troupe::routing
