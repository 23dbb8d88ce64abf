// What happens to members, as a node's log tells it.
#pragma once

#include <spdlog/logger.h>

#include <troupe/membership/core.hpp>

namespace troupe::gossip {

void log_event(spdlog::logger& log, const membership::event& what);

}  // namespace troupe::gossip
