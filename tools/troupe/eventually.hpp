// Waiting for something that the cluster does by itself, by asking again and again.
#pragma once

#include <chrono>
#include <thread>

#include <troupe/base/time.hpp>

namespace troupe::command {

/// Waits until `holds`, or says so in vain. `limit` is at most minutes.
template <class Condition>
bool eventually(duration limit, Condition holds) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return true;
}

}  // namespace troupe::command
