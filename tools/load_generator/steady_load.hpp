// An open-loop load: calls leave at a fixed rate whatever becomes of those before, as real users' do. A
// closed loop would wait with a slow server, and measure nothing of it ("coordinated omission").
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <troupe/base/time.hpp>

#include "recorder.hpp"

namespace troupe::load {

class steady_load {
 public:
  /// How one call ended: `code::ok`, or why not and the whole explanation.
  using done = std::function<void(troupe::code, const std::string&)>;
  /// Makes the call with this number and calls `done` once, from any thread.
  using maker = std::function<void(std::uint64_t number, done)>;

  /// `per_second`: 1 to 1,000,000.
  steady_load(double per_second, maker make);
  /// Ends the load and waits for the calls under way, at most `patience` long.
  ~steady_load();

  void stop_sending();
  /// True once every call that was sent has ended.
  bool drained(duration patience) const;

  const recorder& records() const { return *records_; }
  std::uint64_t sent() const { return sent_.load(); }

 private:
  void run();

  double per_second_;
  maker make_;
  std::shared_ptr<recorder> records_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe::load
