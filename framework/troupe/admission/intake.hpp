// Whom a node lets in: one request asks, and the answer is a value. The servers' counterpart of
// routing::router.
//
//   const auto told = intake.ask(service, {.criticality = ..., .bytes = ...}, [&] { return meter.serving();
//   }); switch (told.what) ...               admit: hand it to the service; bounce, refuse: answer it at once
//   const auto load = intake.report(service, meter.read(now), yours, refusing);  // with every answer
//   intake.leave(service, bytes, ending::succeeded);                             // of those let in
//
// It owns what holds for the node as a whole: the memory of requests, the drain, the chance in injected
// faults. What one service holds is service.hpp; the services themselves belong to the shell. Sans-IO: no
// clock, no threads, no sockets; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <troupe/admission/ruling.hpp>
#include <troupe/admission/service.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::admission {

class intake {
 public:
  /// `request_bytes_max`: of requests let in and not yet answered, over all services.
  intake(std::size_t request_bytes_max, std::uint64_t seed);

  /// `executing()` gives how many of the service's requests have had their first turn: the others wait. It is
  /// asked only where it matters, as it may cost a lock. Handlers that are suspended keep nobody waiting.
  template <class Executing>
  ruling ask(service& of, const request& what, Executing&& executing) {
    if (const auto why = closed(of)) return of.refuse(*why);
    if (of.meets_its_bound(what) && of.in_flight() > std::forward<Executing>(executing)()) return of.bounce();
    return let_in(of, what);
  }
  /// Exactly once for each request that was let in. `bytes` as it asked.
  void leave(service& of, std::size_t bytes, ending how);

  rpc::load_report report(const service& of, const service_meter::reading& served, std::uint32_t yours,
                          service::refusing now_refusing) const;
  /// Of a service that is not here.
  rpc::load_report report_of_none() const;

  /// From now on nothing is let in; what was let in has time until `limit`.
  void drain(time_point limit);
  bool draining() const { return draining_; }
  /// When a drain is over at the latest; `never` where there is none.
  time_point drain_limit() const { return drain_limit_; }
  /// Whether a drain is over: nothing is in flight, or the time is up.
  bool drained(time_point now) const { return draining_ && (in_flight_ == 0 || now >= drain_limit_); }

  std::size_t in_flight() const { return in_flight_; }          // over all services
  std::size_t request_bytes() const { return request_bytes_; }  // the same

 private:
  std::optional<refusal> closed(const service& of) const;
  ruling let_in(service& of, const request& what);

  std::size_t request_bytes_max_;
  std::size_t request_bytes_ = 0;
  std::size_t in_flight_ = 0;
  bool draining_ = false;
  time_point drain_limit_ = never;
  random_source random_;
};

}  // namespace troupe::admission
