#include <utility>

#include <troupe/serving/hosted_service.hpp>

namespace troupe::serving {

namespace {

admission::options options_of(const hosting& how) {
  return {.in_flight_max = how.in_flight_max, .concurrency = how.concurrency};
}

}  // namespace

hosted_service::hosted_service(service_spec what) : spec(std::move(what)), core(options_of(spec.how)) {
  gauges.fullness.show(core);
}

hosted_service* find_service(const service_table& in, std::string_view name) {
  const auto found = in.find(name);
  return found == in.end() ? nullptr : found->second.get();
}

service_report report_of(const hosted_service& service, time_point now) {
  const auto served = service.gauges.times.read(now);
  return {.name = service.spec.name,
          .interface_id = service.spec.interface_id,
          .runs_on = service.spec.how.runs_on,
          .in_flight = service.core.in_flight(),
          .limit = service.core.limit(),
          .counted = service.core.counted(),
          .restarts = service.core.life().restarts(),
          .queue_delay = served.queue_delay,
          .service_time = served.service_time};
}

}  // namespace troupe::serving
