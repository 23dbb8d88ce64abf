// How long a service takes for a request, as its server measures it for the load report.
//
// The mean of about the last twenty requests, and what those that are being served have taken since the last
// one was done: a server that slows down says so before the slow requests are done, and one that is stuck
// says so ever more loudly, but one request that is stuck beside others that are not counts once, and no
// more than `outlier` times the mean.
//
// It is worker time: with more requests under way than workers, they share. So what is reported does not grow
// with the queue, whether requests wait for a worker or take turns on it as coroutines do; the router
// multiplies by the queue that it expects.
#pragma once

#include <cstdint>

#include <troupe/base/time.hpp>

namespace troupe::admission {

class service_meter {
 public:
  /// `workers`: how many requests can be served at once without slowing each other; >= 1.
  explicit service_meter(std::uint32_t workers = 1) : workers_(workers) {}

  /// A request that waited for `wait` begins to be served.
  void began(duration wait, time_point now);
  /// One of them is done, `took` after it began.
  void ended(duration took, time_point now);
  /// One of them will never be done.
  void abandoned(time_point now);

  /// As a load report tells it.
  struct reading {
    duration queue_delay{0}, service_time{0}, service_age{0};
  };
  reading read(time_point now) const { return {queue_delay(), service_time(now), service_age(now)}; }

  /// Mean worker time of a request, over about the last `memory` of them; 0 before the first.
  duration service_time(time_point now) const;
  /// How old that evidence is: since a request was being served.
  duration service_age(time_point now) const;
  /// Mean wait of about the last ten.
  duration queue_delay() const { return from_seconds(wait_); }
  std::uint32_t serving() const { return serving_; }

 private:
  static constexpr double memory = 20;         // requests; the mean's deviation is about 1 / sqrt(2 * memory)
  static constexpr double memory_seconds = 2;  // or as many of them as fit in here, where requests are rare
  static constexpr double wait_memory = 10;
  static constexpr double outlier = 8;
  static constexpr double few = 4;  // requests; of so few, the first are the outliers: a cold process is slow

  double waiting_for_next(time_point now) const;

  std::uint32_t workers_;
  std::uint32_t serving_ = 0;
  time_point last_{};     // when one was done, or the first of those under way began
  time_point counted_{};  // when one was done
  double spent_ = 0;      // worker seconds, fading with every request served and with time
  double served_ = 0;     // requests, fading alike
  double wait_ = 0;       // s
};

}  // namespace troupe::admission
