// What all actors of one node share. The node owns it and outlives them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/logger.h>

#include <troupe/actor/engine.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/event_counts.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/transport/connector.hpp>
#include <troupe/transport/keep_alive.hpp>
#include <troupe/transport/link_limits.hpp>
#include <troupe/wire/hello.hpp>

namespace troupe::actor {

struct environment {
  actor::engine& engine;
  std::shared_ptr<spdlog::logger> log;
  std::string cluster;
  std::string name;
  std::string zone;
  identity self;
  endpoint address;  // what others dial
  transport::link_limits links;
  transport::connector connector;  // of all its links
  transport::keep_alive_options keep_alive;
  wire::feature_set features = wire::feature_set::all();  // that this node speaks

  /// How it introduces itself on a link.
  wire::hello introduction() const {
    return {.cluster = cluster, .from = self, .name = name, .features = features};
  }
};

using counters = troupe::event_counts;

}  // namespace troupe::actor
