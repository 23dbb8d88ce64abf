// What became of the last probes: whom this node reached, and how many of its own packets get lost.
//
// The last few distinct targets tell whether this node is cut off (isolation.hpp), the last few dozen pings
// what loss is usual here, which is no reason to think ill of one peer (loss.hpp).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

/// What became of a probe: answered by the target's own packet, known to live by other ways, or silent.
enum class answer : std::uint8_t { direct, rescued, none };

class reach {
 public:
  static constexpr std::size_t targets_min = 4;
  static constexpr std::size_t recent = 5;       // targets that the isolation of now is judged by
  static constexpr std::size_t remembered = 16;  // targets

  void note(node_id target, answer how, time_point now) {
    if (how != answer::none) {
      lost_ = lost_ << 1 | (how == answer::rescued ? 1u : 0u);
      counted_ = std::min(counted_ + 1, usual_samples_max);
    }
    forget(target);
    if (probed_.size() == remembered) probed_.erase(probed_.begin());
    probed_.push_back({target, how, now});
  }

  /// Fewer than `percent` of the last targets were reached.
  bool is_cut_off(int percent) const { return judge(recent, percent); }

  /// The same of all that were probed since `when`, but of at least three.
  bool is_cut_off_since(time_point when, int percent) const {
    const auto since =
        std::count_if(probed_.begin(), probed_.end(), [&](const outcome& one) { return one.when >= when; });
    return judge(std::max<std::size_t>(3, static_cast<std::size_t>(since)), percent);
  }

  /// True when somebody has answered a probe that ended then or later.
  bool has_reached_since(time_point when) const {
    return std::any_of(probed_.begin(), probed_.end(),
                       [&](const outcome& one) { return one.when >= when && one.how != answer::none; });
  }

  /// True when so many of the last direct pings were lost that it is this node's own network.
  bool loses_everywhere() const {
    const auto lost = std::count_if(probed_.begin(), probed_.end(),
                                    [](const outcome& one) { return one.how != answer::direct; });
    return probed_.size() >= targets_min && 5 * static_cast<std::size_t>(lost) >= 2 * probed_.size();
  }

  /// The share of direct pings that got lost lately, of those whose targets lived: this node's own usual
  /// loss, which is no reason to think ill of one peer. 0 to 1, of the last 64; too low before it is known.
  double usual_loss() const {
    return static_cast<double>(std::popcount(lost_)) / std::max(counted_, usual_samples_min);
  }
  bool knows_usual_loss() const { return counted_ >= usual_samples_min; }
  /// That a ping got lost is no news: two of the last sixteen did. Before anything is known, the worst is
  /// assumed.
  bool loses_often() const { return !knows_usual_loss() || std::popcount(lost_ & 0xffff) >= 2; }

  /// For the note: how many of the last targets were reached, of how many.
  std::size_t reached() const { return reached_of(std::min(recent, probed_.size())); }
  std::size_t targets() const { return std::min(recent, probed_.size()); }

  /// What is known of this node's loss stays.
  void forget_targets() { probed_.clear(); }
  /// Who is dead is not probed any more, and says nothing about the network of now.
  void forget(node_id target) {
    std::erase_if(probed_, [&](const outcome& one) { return one.target == target; });
  }

 private:
  struct outcome {
    node_id target;
    answer how;
    time_point when;
  };

  std::size_t reached_of(std::size_t last) const {
    return static_cast<std::size_t>(
        std::count_if(probed_.end() - static_cast<std::ptrdiff_t>(last), probed_.end(),
                      [](const outcome& one) { return one.how != answer::none; }));
  }
  bool judge(std::size_t last, int percent) const {
    if (probed_.size() < targets_min) return false;
    last = std::min(last, probed_.size());
    return 100 * reached_of(last) < static_cast<std::size_t>(percent) * last;
  }

  static constexpr int usual_samples_min = 8, usual_samples_max = 64;

  std::vector<outcome> probed_;  // distinct targets, the last one last
  std::uint64_t lost_ = 0;       // one bit a probe whose target lived, the newest lowest
  int counted_ = 0;
};

}  // namespace troupe::membership
