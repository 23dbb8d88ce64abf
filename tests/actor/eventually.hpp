// Waiting for what happens on other threads.
#pragma once

#include <thread>

#include <troupe/actor/clock.hpp>

namespace troupe::test {

/// Whether it comes to hold within half a minute.
template <class Condition>
bool eventually(Condition holds) {
  const auto limit = actor::now() + 30s;
  while (!holds()) {
    if (actor::now() > limit) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

}  // namespace troupe::test
