// How many requests a service lets in at once, found out while it runs: the server's half of overload.
//
// By Little's law a service that executes a request in L and completes R a second holds L * R of them. More
// only wait. So, while requests do wait,
//
//   limit = min L * max R * (1 + exploration) + queue
//
//   min L   the mean execution time of a window of requests (first turn to answer, without the wait), as low
//           as it was lately
//   max R   the highest rate of completions in one of the last ten windows
//   exploration   0.2: room to find out that more is possible
//   queue   what may wait. Requests come in bursts: of Poisson arrivals at a load of .95, under 1 in 1,000
//           meets 110 others or more, and that one must be let in. So 130 (of which normal traffic may use
//           all but a tenth), or 50 ms of completions where that is more; but never above what is served in
//           1 s, when callers have gone. Overload that lasts (a tenth refused, five windows in a row)
//           halves it down to 16: no burst then, only a wait. While requests run out of time in the queue (a
//           tenth of a window's), no more may wait than is completed in half of the time that those had.
//
// While requests wait less than 50 ms on average, a twentieth of a call's usual time, nothing is wrong,
// however many there are: callers who each wait for their answer before they ask again may well be a
// thousand. Then the limit grows back to the bound it was given. A service that keeps up is therefore never
// limited.
//
// Where handlers interleave, waiting makes L grow, a higher L makes the limit grow, and that makes more wait.
// So after 10 s of waiting without a lower L, the limit goes to three quarters of what L and R say until the
// queue has drained, and L is measured anew.
//
// Source: brpc's auto_concurrency_limiter (docs/en/auto_concurrency_limiter.md) and Netflix's
// concurrency-limits for the formula; BBR (Cardwell et al., 2016) for the windowed extremes and the drain;
// CoDel (Nichols and Jacobson, 2012) for judging by the wait, not by the length, of a queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <troupe/base/time.hpp>

namespace troupe::admission {

class concurrency_limit {
 public:
  /// `bound`: the limit is never above it, and starts there. >= 1.
  concurrency_limit(std::uint32_t bound, time_point now);

  /// Requests admitted and not yet answered, at most. Within [1, bound].
  std::uint32_t limit() const { return limit_; }

  /// A request was turned away for the limit.
  void refused() { ++refused_; }
  /// A request that had been let in ran out of time before its first turn, or was about to. `allowed`: the
  /// time that it had when it came.
  void expired(duration allowed) {
    ++expired_;
    allowed_ += allowed;
  }
  /// A request was executed, after it, or one that came before it and waits on, had waited so long. `now` may
  /// go back a little: threads differ. O(1), no allocation.
  void completed(duration waited, duration executed, time_point now);

 private:
  enum class phase : std::uint8_t { steady, draining, measuring };

  void open(time_point now);
  void close(time_point now);
  void learn_execution(double seconds, bool waiting, time_point now);
  void adjust_queue();
  void adjust_patience();
  double target() const;

  static constexpr std::size_t windows = 10;

  std::uint32_t bound_;
  std::uint32_t limit_;
  phase phase_ = phase::steady;

  // The window that is open.
  time_point opened_;
  time_point last_;
  std::uint32_t completed_ = 0;
  std::uint32_t refused_ = 0;
  std::uint32_t expired_ = 0;
  duration waited_{0};
  duration executed_{0};
  duration allowed_{0};  // of those that expired

  std::array<double, windows> rates_{};  // a second
  std::size_t rate_at_ = 0;
  double highest_rate_ = 0;
  double least_execution_ = 0;  // seconds; 0: not known yet
  time_point least_at_;
  time_point drained_at_{};
  double queue_;
  double patience_;                     // seconds that requests may wait, as those say that did so in vain
  std::uint32_t refusing_windows_ = 0;  // in a row
};

}  // namespace troupe::admission
