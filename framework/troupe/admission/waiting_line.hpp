// The requests of a service that wait for their first turn, and which of them has it next.
//
// First come, first served, while that serves anybody. A queue that is as long as its callers are patient
// hands each request its turn just before its deadline: the service is busy, and no answer comes in time. So,
// while others wait,
//   - what has less time left than it usually takes is not begun;
//   - once the one that came first has waited for over half of its time, the one that came last is next, of
//     the most critical ones: it has the most of its time left, and those before it are late as it is. The
//     one that came first is the last then. If all the others take what it usually takes, and that is more
//     than it has left, it gives way at once: there is still time for it elsewhere.
// Both end with the overload: whoever waited too long is gone, and the one that came first is young again.
//
// Source: Maurer, "Fail at Scale", ACM Queue 13:8 (2015), adaptive LIFO; Beyer et al., "Site Reliability
// Engineering" (2016), chapter 22, on deadlines that are missed while queueing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <troupe/admission/usual_durations.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>

namespace troupe::admission {

/// Of a request that waits. `method`: as usual_durations knows it.
struct waiting {
  std::uint64_t method = 0;
  rpc::criticality criticality = rpc::criticality::normal;
  time_point arrived{};
  time_point deadline = never;
};

/// What becomes of a request at its turn.
enum class fate : std::uint8_t {
  begins,
  too_late,   // it could hardly be done in time
  gives_way,  // nor after all those that go before it
};
struct turn {
  admission::fate fate = fate::begins;
  /// How long it has waited, or the one that came first, if that waits on.
  duration longest_wait{0};
};

template <class Request>
class waiting_line {
 public:
  struct called {
    Request request;
    turn what;
  };

  /// `workers`: how many are executed at once.
  explicit waiting_line(std::uint32_t workers = 1) : workers_(workers) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  void add(Request what, const waiting& how) {
    lanes_[static_cast<std::size_t>(how.criticality)].add({std::move(what), how});
    ++size_;
  }
  /// One that need not wait: nobody else does, or only some that came later. Nothing where it is to be added,
  /// since that is not so, or it has not come early enough.
  std::optional<turn> turn_at_once(const waiting& how, bool others, const usual_durations& usual,
                                   time_point now) const {
    const turn its{fate_of(how, others, usual, now), now - how.arrived};
    if (!empty() || its.fate != fate::begins || (others && !is_early(how, its))) return std::nullopt;
    return its;
  }
  /// Takes out the one that is next. Amortised O(1); allocates nothing. REQUIRES: not empty.
  called call(const usual_durations& usual, time_point now) {
    const bool others = size_-- > 1;
    lane& first = lane_of_first();
    const waiting how = first.front().how;
    turn its{fate_of(how, others, usual, now), now - how.arrived};
    if (its.fate == fate::too_late || !others || is_early(how, its)) return {first.take_front(), its};
    const auto share = (how.deadline - now) * workers_ / static_cast<std::int64_t>(size_ + 1);
    if (!usual.fits(how.method, share)) return its.fate = fate::gives_way, called{first.take_front(), its};
    lane& critical = most_critical_lane();
    its.fate = fate_of(critical.back().how, others, usual, now);
    return {critical.take_back(), its};
  }
  /// All of them, those of a criticality in the order in which they came.
  std::vector<Request> take_all() {
    std::vector<Request> all;
    for (lane& each : lanes_)
      while (!each.empty()) all.push_back(each.take_front());
    size_ = 0;
    return all;
  }

 private:
  struct entry {
    Request request;
    waiting how;
  };

  /// Those of one criticality, in the order in which they came.
  class lane {
   public:
    bool empty() const { return first_ == entries_.size(); }
    const entry& front() const { return entries_[first_]; }
    const entry& back() const { return entries_.back(); }

    void add(entry what) { entries_.push_back(std::move(what)); }
    Request take_front() {
      Request taken = std::move(entries_[first_++].request);
      if (2 * first_ >= entries_.size() && (empty() || first_ >= gone_min)) {
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
      }
      return taken;
    }
    Request take_back() {
      Request taken = std::move(entries_.back().request);
      entries_.pop_back();
      return taken;
    }

   private:
    static constexpr std::size_t gone_min = 64;

    std::vector<entry> entries_;  // those before first_ are gone
    std::size_t first_ = 0;
  };

  static admission::fate fate_of(const waiting& one, bool others, const usual_durations& usual,
                                 time_point now) {
    const auto left = one.deadline - now;
    const bool in_time = others ? usual.fits(one.method, left) : left > duration{0};
    return in_time ? fate::begins : fate::too_late;
  }
  static bool is_early(const waiting& one, const turn& its) {
    return its.longest_wait <= (one.deadline - one.arrived) / 2;
  }

  lane& lane_of_first() {
    lane* found = nullptr;
    for (lane& each : lanes_)
      if (!each.empty() && (found == nullptr || each.front().how.arrived <= found->front().how.arrived))
        found = &each;
    return *found;
  }
  lane& most_critical_lane() {
    std::size_t at = lanes_.size() - 1;
    while (lanes_[at].empty()) --at;
    return lanes_[at];
  }

  std::int64_t workers_;
  std::array<lane, rpc::criticalities> lanes_;  // by criticality, the least first
  std::size_t size_ = 0;
};

}  // namespace troupe::admission
