// What became of the calls of a load: one line a call, kept whole, so that any window can be looked at later.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::load {

struct outcome {
  time_point due{};  // when it should have been sent: latency counts from here, or a stall would hide itself
  duration took{0};
  troupe::code code = code::ok;
};

/// A window of a load, summed up. Times are zero where there were no calls.
struct summary {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  duration p50{0};
  duration p99{0};
  duration p999{0};
  duration worst{0};
  double per_second = 0;
};

/// Takes outcomes from any thread. Memory: 24 bytes a call.
class recorder {
 public:
  void add(const outcome& what, const std::string& failure_text);

  /// The calls that were due in [from, to).
  summary over(time_point from, time_point to) const;
  std::uint64_t ended() const;
  std::uint64_t failed() const;
  /// The first few failures, as their callers saw them.
  std::vector<std::string> failures() const;

 private:
  mutable std::mutex mutex_;
  std::vector<outcome> outcomes_;
  std::uint64_t failed_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace troupe::load
