// The server's record of one service: where its actor is, how busy it is, and what it may admit.
// Touched on the event loop's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/call.capnp.h>
#include <troupe/runtime/dedicated_thread.hpp>
#include <troupe/runtime/hosting.hpp>
#include <troupe/runtime/servant.hpp>
#include <troupe/runtime/turns.hpp>

namespace troupe::runtime {

struct service_spec {
  std::string name;
  std::uint64_t interface_id = 0;
  hosting how;
  servant_factory make;
};

/// Made slow or failing on purpose, to see what the callers do.
struct injected_fault {
  duration delay{0};
  unsigned fail_percent = 0;  // 0 to 100
};

struct hosted_service {
  enum class phase { serving, waiting_to_restart, stopped };

  explicit hosted_service(service_spec what) : spec(std::move(what)) {}

  /// Of one request: its wait for its first turn, and its execution. Smoothed over about the last ten.
  void note_times(duration waited, duration executed);
  void write_load(wire::idl::Load::Builder load, bool draining) const;

  service_spec spec;
  phase now = phase::serving;
  std::unique_ptr<dedicated_thread> thread;  // placement::thread only
  caf::actor actor;
  std::shared_ptr<turns> queue;  // of the actor's present life

  std::uint32_t in_flight = 0;
  duration queue_delay{0};
  duration service_time{0};

  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t expired = 0;
  std::uint64_t failed = 0;
  std::uint32_t restarts = 0;
  std::uint32_t restarts_in_a_row = 0;
  time_point started{};
  time_point restart_at = never;
  injected_fault fault;
  std::function<void(result<void>)> ready;  // until its first life has begun
};

/// What the outside sees of it.
struct service_report {
  std::string name;
  std::uint64_t interface_id = 0;
  placement runs_on = placement::pool;
  std::uint32_t in_flight = 0;
  std::uint32_t limit = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t expired = 0;
  std::uint64_t failed = 0;
  std::uint32_t restarts = 0;
  duration queue_delay{0};
  duration service_time{0};
};
service_report report_of(const hosted_service& service);

/// How long a service that died for the `times`-th time in a row stays down: 100 ms, doubling, to 10 s.
duration restart_delay(std::uint32_t times);

}  // namespace troupe::runtime
