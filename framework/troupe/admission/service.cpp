#include <troupe/admission/allowance.hpp>
#include <troupe/admission/service.hpp>

namespace troupe::admission {

service::room service::ask(rpc::criticality what, rpc::attempt_kind which) {
  repeats_.note(which);
  if (in_flight_ < allowance(limit(), what, which)) return room::yes;
  if (how_.concurrency == concurrency::adaptive) adaptive_.refused();
  return room::no;
}

void service::enter() {
  ++in_flight_;
  ++counted_.requests;
}

void service::leave(ending how) {
  --in_flight_;
  switch (how) {
    case ending::succeeded:
      return;
    case ending::failed:
      ++counted_.failed;
      return;
    case ending::expired:
      ++counted_.expired;
      return;
    case ending::gave_way:
      ++counted_.refused;
      return;
  }
}

ruling service::bounce() {
  ++counted_.bounced;
  return {.what = ruling::kind::bounce};
}

ruling service::refuse(refusal why) {
  ++counted_.refused;
  return {.what = ruling::kind::refuse, .why = why};
}

bool service::may_stay(rpc::criticality what, rpc::attempt_kind which) const {
  return admission::may_stay({.in_flight = in_flight_, .limit = limit()}, what, which);
}

void service::executed(duration waited, duration took, time_point at) {
  if (how_.concurrency != concurrency::adaptive) return;
  // What a fault adds on purpose is not the service's queue.
  adaptive_.completed(waited - fault_.delay, took, at);
}

rpc::load_report service::report(const service_meter::reading& served, std::uint32_t yours,
                                 refusing now_refusing) const {
  const auto for_normal = allowance(limit(), rpc::criticality::normal, rpc::attempt_kind::first);
  const bool overloaded = now_refusing == refusing::yes || in_flight_ >= for_normal;
  return {.in_flight = in_flight_,
          .yours = yours,
          .workers = how_.workers,
          .limit = limit(),
          .queue_delay = served.queue_delay,
          .service_time = served.service_time,
          .service_age = served.service_age,
          .flags = overloaded ? rpc::load_flag::overloaded : rpc::load_flag::none};
}

}  // namespace troupe::admission
