// What happens next: a heap of plain events, ordered by time, and by order of arrival among equals, so that a
// run with the same seed is the same run.
//
// Four children to a node: half the levels of a binary heap, and the children share a cache line or two. No
// allocation once it has grown to the run's size.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <troupe/base/time.hpp>

namespace troupe::simulator {

/// `Payload` is small and trivially copyable.
template <class Payload>
class event_queue {
 public:
  struct event {
    time_point at{};
    std::uint64_t order = 0;
    Payload what{};

    bool before(const event& other) const { return at != other.at ? at < other.at : order < other.order; }
  };

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// `never` when there is none.
  time_point next() const { return heap_.empty() ? never : heap_.front().at; }

  void push(time_point at, const Payload& what) {
    const event added{at, order_++, what};
    std::size_t hole = heap_.size();
    heap_.push_back(added);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!added.before(heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = added;
  }

  /// Not empty.
  event pop() {
    const event first = heap_.front();
    const event last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return first;
  }

 private:
  void sink(const event& moved) {
    const std::size_t count = heap_.size();
    std::size_t hole = 0;
    for (;;) {
      const std::size_t child = hole * 4 + 1;
      if (child >= count) break;
      std::size_t least = child;
      const std::size_t end = std::min(child + 4, count);
      for (std::size_t other = child + 1; other < end; ++other)
        if (heap_[other].before(heap_[least])) least = other;
      if (!heap_[least].before(moved)) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = moved;
  }

  std::vector<event> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace troupe::simulator
