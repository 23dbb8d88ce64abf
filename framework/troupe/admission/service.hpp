// One service at its server: how many requests it holds and may hold, and what it says of its load.
//
// The counterpart of what a router knows of a service. It decides nothing about the node as a whole: that is
// intake.hpp, through which requests come and go. Times are handed in: of the service meter, too, as a server
// may keep that where another thread feeds it.
#pragma once

#include <cstdint>

#include <troupe/admission/concurrency_limit.hpp>
#include <troupe/admission/injected_fault.hpp>
#include <troupe/admission/lifecycle.hpp>
#include <troupe/admission/options.hpp>
#include <troupe/admission/repeat_share.hpp>
#include <troupe/admission/ruling.hpp>
#include <troupe/admission/service_meter.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::admission {

class service {
 public:
  explicit service(const options& how, time_point now = {}) : how_(how), adaptive_(how.in_flight_max, now) {}

  // --- Requests ----------------------------------------------------------------------------------------

  std::uint32_t in_flight() const { return in_flight_; }
  /// How many it may hold now.
  std::uint32_t limit() const {
    return how_.concurrency == concurrency::adaptive ? adaptive_.limit() : how_.in_flight_max;
  }
  /// So many are here that this one goes back, if some of them wait for their first turn.
  bool meets_its_bound(const request& what) const {
    return what.bounce_at > 0 && in_flight_ >= what.bounce_at;
  }
  /// A request of this kind asks. If there is no room it is to be refused as overloaded.
  enum class room : bool { no, yes };
  room ask(rpc::criticality what, rpc::attempt_kind which);
  void enter();
  void leave(ending how);
  /// It went back.
  ruling bounce();
  ruling refuse(refusal why);
  /// Where the thread that executes it is the one that counts: whether it may stay at its turn, or gives way.
  bool may_stay(rpc::criticality what, rpc::attempt_kind which) const;
  /// Of a request that has been executed: the longest wait at its turn (waiting_line.hpp), and its execution.
  /// What an adaptive limit learns from.
  void executed(duration waited, duration took, time_point at);
  /// Of one that ran out of time in the queue: how much it had when it came.
  void expired(duration allowed) { adaptive_.expired(allowed); }

  // --- What it tells -----------------------------------------------------------------------------------

  /// What a refusal for overload advises.
  rpc::advice retry_advice() const { return repeats_.advice(); }
  enum class refusing : bool { no, yes };
  /// `yours`: those in flight that came by the link that the report goes to. `now_refusing`: it goes with a
  /// refusal for overload.
  rpc::load_report report(const service_meter::reading& served, std::uint32_t yours,
                          refusing now_refusing) const;

  struct counters {
    std::uint64_t requests = 0;  // let in
    std::uint64_t refused = 0;   // for whatever reason, also at their turn
    std::uint64_t bounced = 0;   // not let in, as they asked
    std::uint64_t expired = 0;
    std::uint64_t failed = 0;
  };
  const counters& counted() const { return counted_; }

  // --- Its lives, and what is done to it on purpose ----------------------------------------------------

  lifecycle& life() { return life_; }
  const lifecycle& life() const { return life_; }
  void set_fault(const injected_fault& what) { fault_ = what; }
  const injected_fault& fault() const { return fault_; }

 private:
  options how_;
  lifecycle life_;
  injected_fault fault_;
  std::uint32_t in_flight_ = 0;
  concurrency_limit adaptive_;
  repeat_share repeats_;
  counters counted_;
};

}  // namespace troupe::admission
