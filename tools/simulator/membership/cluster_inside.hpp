// What the files of the cluster share and nobody else sees: one stream, how a core is called, and how late a
// packet may be.
#pragma once

#include <ctime>
#include <optional>

#include "cluster.hpp"

namespace troupe::simulator {

struct cluster::stream {
  bool open = false;
  purpose what = purpose::sync;
  std::uint32_t generation = 0;  // of the slot: what is still planned for its last stream finds another
  std::uint32_t from = 0, to = 0;
  std::uint32_t from_life = 0, to_life = 0;
  endpoint with;
  identity who;  // ping: who must be there
  std::optional<membership::sync_session> mine, theirs;
  membership::sync_message under_way;
};

inline constexpr std::size_t events_kept = 64;
/// A packet that comes twice comes again so much later at most.
inline constexpr duration replay_after_max = 60s;

inline duration thread_cpu() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + duration(now.tv_nsec);
}

/// Calls a core and does what it wants done. Never from within another call.
template <class Act>
void cluster::perform(std::uint32_t node, Act&& act, witness::arrival how) {
  auto& it = nodes_[node];
  const bool timed = node == 0;
  const auto before = timed ? thread_cpu() : duration{0};
  // A core may keep the vector that it hands over: it must not be one that grew for thousands of events.
  if (scratch_.events.capacity() > events_kept) scratch_ = {};
  scratch_.clear();
  act(*it.brain, clock(it), scratch_);
  if (timed) cpu_of_first_ += thread_cpu() - before;
  settle(node, scratch_, how);
}

}  // namespace troupe::simulator
