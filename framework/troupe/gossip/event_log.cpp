#include <troupe/gossip/event_log.hpp>

namespace troupe::gossip {

void log_event(spdlog::logger& log, const membership::event& what) {
  const auto& who = what.subject;
  const auto where = to_string(who.address);
  switch (what.kind) {
    case membership::event_kind::joined:
      return log.info("node {} at {} has joined", who.name, where);
    case membership::event_kind::changed:
      return log.debug("node {} at {} is {}, with {} services", who.name, where, to_string(who.mode),
                       who.document.services.size());
    case membership::event_kind::suspected:
      return log.warn("node {} at {} is suspected", who.name, where);
    case membership::event_kind::refuted:
      return log.info("node {} at {} is alive after all", who.name, where);
    case membership::event_kind::died:
      return log.warn("node {} at {} is dead", who.name, where);
    case membership::event_kind::left:
      return log.info("node {} at {} has left", who.name, where);
    case membership::event_kind::forgotten:
      return log.debug("node {} at {} is forgotten", who.name, where);
  }
}

}  // namespace troupe::gossip
