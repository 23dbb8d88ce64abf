// One simulated server: a queue with workers, or processor sharing, at a speed that may change at any time.
//
// Whom it lets in, and what it reports, is the framework's own: admission::intake, asked as a real server
// asks it, and left as a real server leaves it. Only the execution of requests is simulated here.
//
// FIFO: a request's service time is fixed when it starts, by the speed of that moment, as in the simulators
// that published figures come from. Processor sharing: each of n requests is served at speed * min(1, k/n);
// "attained service" is one number that grows at that rate for all of them alike, and a request is done when
// it has grown by the request's work. So a change of speed costs O(1) and an arrival O(log n).
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <troupe/admission/intake.hpp>
#include <troupe/admission/service.hpp>
#include <troupe/admission/service_meter.hpp>
#include <troupe/admission/usual_durations.hpp>
#include <troupe/admission/waiting_line.hpp>
#include <troupe/rpc/load_report.hpp>

#include "happening.hpp"
#include "ledger.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

class server {
 public:
  server(const server_model& model, server_index self, std::uint32_t routers, ledger& all, happenings& next);

  // --- Requests, each by its attempt's slot in the ledger ----------------------------------------------

  /// A request asks to be let in. What is not let in stays the caller's of this. REQUIRES: not frozen.
  admission::ruling admit(std::uint32_t slot, time_point now);
  /// FIFO: the time of `attempt_done` has come. False: it is frozen, and the request stays.
  bool finish(std::uint32_t slot, time_point now);
  /// Processor sharing: `sharing_due` of this generation. Appends who is done.
  void collect(std::uint32_t generation, time_point now, std::vector<std::uint32_t>& done);
  /// Nobody waits for it any more: it is not started, or gives way at once under processor sharing.
  void withdraw(std::uint32_t slot, time_point now);
  /// It died: appends what it held, which is the caller's again. Its next life knows nothing of this one.
  void lose_all(std::vector<std::uint32_t>& lost);
  /// Frozen, it reads nothing: what arrives is the caller's again after the thaw, in its order.
  void leave_unread(std::uint32_t slot) { unread_.push_back(slot); }
  std::vector<std::uint32_t> take_unread() { return std::exchange(unread_, {}); }

  // --- State -------------------------------------------------------------------------------------------

  void set_speed(double speed, double capacity, time_point now);
  /// Appends, at the thaw, what was done meanwhile.
  void freeze(bool frozen, time_point now, std::vector<std::uint32_t>& done);
  /// The next request that starts takes this long.
  void stumble(duration takes) { stumble_ = takes; }

  bool frozen() const { return frozen_; }
  double speed() const { return speed_; }
  double workers() const { return workers_ * capacity_; }
  std::uint32_t in_flight() const { return service_.in_flight(); }

  /// As it would write it now; with a refusal for overload, or not.
  using refusing = admission::service::refusing;
  rpc::load_report report(std::uint32_t router, time_point now, refusing now_refusing = refusing::no) const;
  /// What a refusal for overload advises.
  rpc::advice retry_advice() const { return service_.retry_advice(); }
  /// From now on reports are of the past: `snapshot` is to be called every so often.
  void remember(duration delay) { report_delay_ = delay; }
  void snapshot(time_point now);
  /// The youngest snapshot of `report_delay` ago or earlier, or else the oldest.
  rpc::load_report past_report(std::uint32_t router, time_point now) const;

 private:
  struct memory {
    time_point at{};
    rpc::load_report load;
    std::vector<std::uint32_t> yours;
  };
  struct processor_share {
    double done_at = 0;
    std::uint32_t attempt = 0;
    bool operator<(const processor_share& other) const { return done_at > other.done_at; }
  };

  void begin_life();
  void start_waiting(time_point now);
  void start(std::uint32_t slot, time_point now);
  void share(std::uint32_t slot, time_point now);
  void complete(std::uint32_t slot, time_point now);
  void leave(std::uint32_t slot, admission::ending how);
  bool unwanted(const attempt& it, time_point now) const;
  double rate() const;
  void advance(time_point now);
  void schedule(time_point now);

  const server_model* model_;
  server_index self_;
  ledger* all_;
  happenings* next_;

  double speed_ = 1, capacity_ = 1, workers_;
  bool frozen_ = false;
  duration stumble_{0};
  admission::intake intake_;
  admission::service service_;
  admission::service_meter meter_;
  admission::usual_durations usual_;
  std::vector<std::uint32_t> by_router_;  // in flight

  admission::waiting_line<std::uint32_t> waiting_;
  std::uint32_t busy_ = 0;
  std::vector<std::uint32_t> running_;  // FIFO, for lose_all only when it matters: small
  std::vector<std::uint32_t> stuck_;    // done while frozen
  std::vector<std::uint32_t> unread_;   // arrived while frozen

  double attained_ = 0;  // seconds of work done for each since the start
  time_point advanced_{};
  std::uint32_t sharing_ = 0;  // of shares_, those that were not withdrawn
  std::vector<processor_share> shares_;
  std::uint32_t generation_ = 0;
  time_point due_ = never;

  duration report_delay_{0};
  std::deque<memory> past_;
};

}  // namespace troupe::simulator
