#include <troupe/admission/intake.hpp>

namespace troupe::admission {

intake::intake(std::size_t request_bytes_max, std::uint64_t seed)
    : request_bytes_max_(request_bytes_max), random_(seed) {}

std::optional<refusal> intake::closed(const service& of) const {
  if (draining_) return refusal::draining;
  switch (of.life().now()) {
    case lifecycle::phase::serving:
      return std::nullopt;
    case lifecycle::phase::starting:
      return refusal::starting;
    case lifecycle::phase::waiting_to_restart:
    case lifecycle::phase::stopped:
      return refusal::restarting;
  }
  return refusal::restarting;
}

ruling intake::let_in(service& of, const request& what) {
  if (of.ask(what.criticality, what.attempt) == service::room::no ||
      request_bytes_ + what.bytes > request_bytes_max_)
    return of.refuse(refusal::overloaded);
  of.enter();
  ++in_flight_;
  request_bytes_ += what.bytes;
  if (of.fault().strikes(random_) == injected_fault::failing::yes)
    return {.what = ruling::kind::admit, .end = ruling::on_purpose::failed};
  return {.what = ruling::kind::admit, .delay = of.fault().delay};
}

void intake::leave(service& of, std::size_t bytes, ending how) {
  of.leave(how);
  --in_flight_;
  request_bytes_ -= bytes;
}

rpc::load_report intake::report(const service& of, const service_meter::reading& served, std::uint32_t yours,
                                service::refusing now_refusing) const {
  auto load = of.report(served, yours, now_refusing);
  if (draining_) load.flags = load.flags | rpc::load_flag::draining;
  return load;
}

rpc::load_report intake::report_of_none() const {
  return {.flags = draining_ ? rpc::load_flag::draining : rpc::load_flag::none};
}

void intake::drain(time_point limit) {
  draining_ = true;
  drain_limit_ = limit;
}

}  // namespace troupe::admission
