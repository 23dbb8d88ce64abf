// What every client of the echo benchmark shares: its command line, when it is over, and what it prints.
//
// A closed loop: `window` calls are in flight at any time, and each that ends begins the next. Warming up is
// not measured. Times are bounded, not numbers of calls, so that a slow system does not prolong a run.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace bench {

using instant = std::chrono::steady_clock::time_point;
inline instant now() { return std::chrono::steady_clock::now(); }

inline constexpr std::size_t body_bytes = 64;

struct plan {
  std::string address;  // of the server, "127.0.0.1:7000"
  unsigned window = 64;
  double warm_up = .3;  // s
  double seconds = 1;
  pid_t server = 0;            // to read its CPU time; 0: not read
  std::string drive = "then";  // Troupe only: then, event_loop (co_await there) or pool
};

/// CLIENT ADDRESS:PORT [--window N] [--warm-up S] [--seconds S] [--server PID] [--drive HOW]; ends the
/// process with 2 where that makes no sense.
plan read_plan(int argc, char** argv);

/// Latencies, in buckets 1.6 % wide: small enough to stay in the cache beside what is measured.
class latencies {
 public:
  void add(std::chrono::nanoseconds took);
  std::uint64_t count() const { return count_; }
  double quantile_us(double share) const;

 private:
  static constexpr unsigned fine_bits = 6;
  std::array<std::uint32_t, 64 << fine_bits> buckets_{};
  std::uint64_t count_ = 0;
};

/// Used by one thread at a time.
class measurement {
 public:
  explicit measurement(const plan& what);

  /// To be asked `window` times for the beginning of a first call.
  instant first();
  /// A call that began then has ended. When the next one in its place begins; nothing when it is over.
  std::optional<instant> next(instant began);
  /// A call failed: the run is worth nothing.
  void failed(const std::string& why);
  /// No call is in flight any more.
  bool over() const { return in_flight_ == 0; }

  /// One line of JSON on stdout. The process's exit code: 1 where a call failed.
  int report() const;

 private:
  struct usage {
    instant when{};
    double client_cpu = 0, server_cpu = 0;  // s
  };
  usage look() const;

  plan plan_;
  instant begin_;
  instant end_;
  enum class phase { warming_up, measuring, ended } phase_ = phase::warming_up;
  unsigned in_flight_ = 0;
  unsigned failures_ = 0;
  latencies latencies_;
  usage from_;
  usage to_;
};

}  // namespace bench
