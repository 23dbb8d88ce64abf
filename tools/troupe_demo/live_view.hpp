// One line a second while the demo runs: throughput, latency, and who answers how much.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "stage.hpp"

namespace troupe::demo {

class live_view {
 public:
  explicit live_view(const stage& of);
  ~live_view();

 private:
  void run();
  std::string line();

  const stage& of_;
  time_point begun_;
  time_point last_;
  std::map<std::string, std::uint64_t> taken_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe::demo
