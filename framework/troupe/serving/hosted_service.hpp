// The server's record of one service: what it is, whom it lets in, and where its actor is. On the event
// loop's thread only, but for the gauges.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <caf/actor.hpp>

#include <troupe/actor/dedicated_thread.hpp>
#include <troupe/actor/turn_queue.hpp>
#include <troupe/admission/service.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/serving/hosting.hpp>
#include <troupe/serving/request_handler.hpp>
#include <troupe/serving/service_gauges.hpp>

namespace troupe::serving {

struct service_spec {
  std::string name;
  std::uint64_t interface_id = 0;
  hosting how;
  request_handler_factory make;
};

struct hosted_service {
  explicit hosted_service(service_spec what);

  service_spec spec;
  admission::service core;
  service_gauges gauges;

  std::unique_ptr<actor::dedicated_thread> thread;  // placement::thread only
  caf::actor actor;                                 // null while it is down
  std::shared_ptr<actor::turn_queue> queue;         // of the actor's present life
  std::function<void(result<void>)> ready;          // until its first life has begun, or failed to
};

using service_table = std::map<std::string, std::unique_ptr<hosted_service>, std::less<>>;

/// Null where it is not hosted here.
hosted_service* find_service(const service_table& in, std::string_view name);

/// What the outside sees of it.
struct service_report {
  std::string name;
  std::uint64_t interface_id = 0;
  placement runs_on = placement::pool;
  std::uint32_t in_flight = 0;
  std::uint32_t limit = 0;
  admission::service::counters counted;
  std::uint32_t restarts = 0;
  duration queue_delay{0};
  duration service_time{0};
};
service_report report_of(const hosted_service& service, time_point now);

}  // namespace troupe::serving
