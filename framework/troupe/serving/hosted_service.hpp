// The server's record of one service: where its actor is, how busy it is, and what it may admit.
// Touched on the event loop's thread only, but for `others` and `times`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>

#include <troupe/actor/dedicated_thread.hpp>
#include <troupe/actor/turn_queue.hpp>
#include <troupe/admission/concurrency_limit.hpp>
#include <troupe/admission/lifecycle.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/call.capnp.h>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/safety.hpp>
#include <troupe/serving/hosting.hpp>
#include <troupe/serving/locked_service_meter.hpp>
#include <troupe/serving/occupancy.hpp>
#include <troupe/serving/request_handler.hpp>

namespace troupe::serving {

struct service_spec {
  std::string name;
  std::uint64_t interface_id = 0;
  hosting how;
  request_handler_factory make;
};

/// Made slow or failing on purpose, to see what the callers do.
struct injected_fault {
  duration delay{0};
  unsigned fail_percent = 0;  // 0 to 100
};

struct hosted_service {
  enum class phase { serving, waiting_to_restart, stopped };

  explicit hosted_service(service_spec what)
      : spec(std::move(what)), adaptive(spec.how.in_flight_max, time_point{}) {
    others.limit = limit();
  }

  /// How many it may hold now.
  std::uint32_t limit() const {
    return spec.how.concurrency == concurrency::adaptive ? adaptive.limit() : spec.how.in_flight_max;
  }
  /// A request asks to be admitted. If it has no room it is to be refused as overloaded.
  enum class room : bool { no, yes };
  room ask(rpc::criticality what, rpc::attempt_kind which);
  /// Whether a request that is to meet fewer than `bounce_at` others goes back: so many are here, and some of
  /// them wait for their first turn. Handlers that are suspended keep nobody waiting.
  bool bounces(std::uint32_t bounce_at) const {
    return bounce_at > 0 && in_flight >= bounce_at && in_flight > times.serving();
  }
  void enter();
  void leave();
  /// Of a request that has been executed: its wait for its first turn, and its execution. What an adaptive
  /// limit learns from.
  void note_times(duration waited, duration executed, time_point at);
  /// Whether a refusal for overload should say that trying elsewhere is of no use: a fifth of what comes has
  /// been elsewhere before. One overloaded replica among healthy ones hardly sees such requests (SRE book,
  /// chapter 21, "Deciding to Retry").
  rpc::advice retry_advice() const;

  enum class refusing : bool { no, yes };
  /// `yours`: those in flight that came by the link that the report goes to.
  void write_load(wire::idl::Load::Builder load, std::uint32_t yours, refusing now_refusing, bool draining,
                  time_point at) const;

  service_spec spec;
  phase now = phase::serving;
  std::unique_ptr<actor::dedicated_thread> thread;  // placement::thread only
  caf::actor actor;
  std::shared_ptr<actor::turn_queue> queue;  // of the actor's present life

  std::uint32_t in_flight = 0;
  admission::concurrency_limit adaptive;
  occupancy others;              // the same, for its actor
  locked_service_meter times;    // written by its actor
  double further_share = 0;      // of what came lately, attempts after the first
  std::uint32_t asked_once = 0;  // requests, until there are enough for that share to mean something

  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t bounced = 0;  // not let in, as they asked
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
  std::uint64_t bounced = 0;
  std::uint64_t expired = 0;
  std::uint64_t failed = 0;
  std::uint32_t restarts = 0;
  duration queue_delay{0};
  duration service_time{0};
};
service_report report_of(const hosted_service& service, time_point now);

}  // namespace troupe::serving
