// What the actors of a test's node share: a log that nobody reads, and links by plain TCP.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <spdlog/sinks/null_sink.h>

#include <troupe/actor/environment.hpp>

namespace troupe::test {

inline actor::environment environment_of(actor::engine& engine, std::string name) {
  return {.engine = engine,
          .log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::null_sink_mt>()),
          .cluster = "test",
          .name = std::move(name),
          .zone = {},
          .self = {{9}, {1}},
          .address = {},
          .links = {},
          .connector = transport::connector(engine.loop(), {}),
          .keep_alive = {}};
}

}  // namespace troupe::test
