// Runs that have nothing to do with each other, on a few threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace troupe::simulator {

/// Calls `work(index)` for every index below `count`, on `threads` threads, and returns when all are done.
template <class Work>
void for_each_in_parallel(std::size_t count, unsigned threads, Work&& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t at = next++; at < count; at = next++) work(at);
  };
  std::vector<std::thread> others;
  for (unsigned k = 1; k < threads; ++k) others.emplace_back(take);
  take();
  for (auto& each : others) each.join();
}

}  // namespace troupe::simulator
