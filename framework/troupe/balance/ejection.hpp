// Who is out for now: replicas that fail in a row, succeed less than their peers, or say nothing at all.
//
// The score already steers away from a sick replica; ejection is what stops the last few calls. It is
// cautious by construction: nobody is ejected when more than half would be (then it is the network, or this
// node, that is sick), an ejected replica comes back through one single request, and its capacity then warms
// up. A silent one does not get that request before something has been heard from it, or `longest` is over.
//
// Source: Envoy's outlier detection (10 s base there, 1 s here: the return is cheap), with the lesson of its
// issue 26877 that small clusters must stay usable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <troupe/balance/options.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

enum class health : std::uint8_t {
  healthy,
  ejected,  // no new calls
  probing,  // its time out is over: one call at a time, until one succeeds
};
std::string_view to_string(health value);

/// The ejections of one service's replicas, by replica index: for one method group, or for all (silence).
class ejection {
 public:
  ejection(const ejection_options& settings, std::uint64_t salt) : settings_(&settings), salt_(salt) {}

  /// A new replica at `index`, healthy. Grows as needed.
  void reset(std::size_t index, bool present);

  /// Evidence. `started` of an outcome tells an old call's end from the trial's.
  void heard(std::size_t index, time_point now);
  void began(std::size_t index, time_point now);
  /// True when this success ended the probing: the caller warms the replica up.
  bool succeeded(std::size_t index, time_point started, time_point now);
  void failed(std::size_t index, time_point started, time_point now);
  /// How long it took to succeed: `failures_max` in a row that took `slow_factor` times the usual while a
  /// peer kept the usual pace, and it is out: when all are slow, it is the load, the machine or this node.
  /// After `succeeded`.
  enum class pace : std::uint8_t { usual, dragging };
  void paced(std::size_t index, pace how, time_point now);
  /// Given up on, by a backup's win or a refusal: ends a trial without a word on its success.
  void abandoned(std::size_t index, time_point started, time_point now);
  /// `unanswered` calls wait since `waiting_since` at the latest; ejects when they have waited in silence for
  /// `bound` while a peer answered.
  void watch_silence(std::size_t index, std::uint32_t unanswered, time_point waiting_since, duration bound,
                     time_point now);

  /// Turns ejected into probing when its time is over.
  void turn(std::size_t index, time_point now);

  /// True while the replica is not to be picked.
  bool bars(std::size_t index) const {
    return everyone_[index].state != health::healthy && bars_unhealthy(index);
  }

  /// Its time out is over and the one call that tries it again has not been made.
  bool wants_trial(std::size_t index) const {
    return everyone_[index].state == health::probing && !everyone_[index].trial_under_way;
  }

  bool is_present(std::size_t index) const { return everyone_[index].present; }
  std::size_t present() const { return present_; }

  health state_of(std::size_t index) const { return everyone_[index].state; }
  /// The end of the time out; `longest` after its beginning while a silent replica has not been heard from.
  time_point until(std::size_t index) const;
  std::string_view why(std::size_t index) const { return everyone_[index].why; }
  /// True when more than half are out, so that ejection bars nobody.
  bool ignored() const { return 2 * out_ > present_; }

  /// Changes with every change of anybody's state, which is when `bars` may answer differently. By time alone
  /// `turn` changes a state at the earliest when a time out ends: the next that does so after `now`. One that
  /// is over, and whose replica was not turned, is not looked at: it waits for something else than time.
  std::uint64_t changes() const { return changes_; }
  time_point next_turn(time_point now) const;

 private:
  /// Outcomes of the last 15 to 30 s, in two halves that take turns.
  struct window {
    std::uint32_t total[2] = {0, 0};
    std::uint32_t good[2] = {0, 0};
    time_point turned{};

    void count(bool success, time_point now);
    void turn(time_point now);
    std::uint32_t requests() const { return total[0] + total[1]; }
    double rate() const { return static_cast<double>(good[0] + good[1]) / requests(); }
  };

  struct entry {
    health state = health::healthy;
    bool present = false;
    bool by_silence = false;
    bool trial_under_way = false;
    std::uint32_t failures = 0;  // in a row
    std::uint32_t slow = 0;      // in a row,
    time_point slow_since{};     // the first of them
    std::uint32_t level = 0;     // the k of 2^k
    time_point ejected{};
    time_point until{};
    time_point heard{};
    time_point trial_started{};
    std::string_view why;
    window outcomes;
  };

  enum class cause : std::uint8_t { failures, success_rate, silence, slowness, failed_trial };

  bool bars_unhealthy(std::size_t index) const;
  bool is_outlier(std::size_t index, time_point now);
  void eject(std::size_t index, cause why, time_point now);

  const ejection_options* settings_;
  std::uint64_t salt_;
  std::vector<entry> everyone_;
  std::size_t present_ = 0;
  std::size_t out_ = 0;  // ejected or probing
  std::uint64_t changes_ = 0;
  struct sign {
    time_point when{};
    std::size_t who = 0;
    bool from_another_since(std::size_t index, time_point since) const {
      return who != index && when >= since;
    }
  };
  sign answered_;  // the last success of anybody
  sign at_pace_;   // the last that took no longer than usual
};

}  // namespace troupe::balance
