// A progress bar on stderr, for a person: nothing at all when stderr is no terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace troupe::simulator {

class progress {
 public:
  explicit progress(std::size_t steps);
  /// Wipes the bar.
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// One more step is done; `what` is shown behind the bar. From any thread.
  void advance(const std::string& what);

 private:
  std::mutex mutex_;
  std::size_t steps_;
  std::size_t done_ = 0;
  bool shown_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace troupe::simulator
