// Are they gone, or is it this node's network? It asks everybody.
//
// A node that hardly any probe reaches doubts itself (isolation.hpp), and rightly so: one network breaks more
// often than most of a cluster. But where most are gone, in a power cut or on the smaller side of a split, it
// would find out one probe at a time and never dare to say so. So when an isolated node hears anybody at all,
// it calls the roll. First a few: if they answer as others do, the network is back. Then everybody, and twice
// more whoever was silent. Packets that get lost get lost at random: some of the silent would answer the
// second time, about as many as the first time. If hardly any does, then those who answered are all who are
// there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

class roll_call {
 public:
  static constexpr std::size_t first_few = 16;
  static constexpr int rounds = 3;

  /// `everybody` in the order in which they are asked; an answer may take `patience`. Pings have sequences
  /// from `first_sequence` on.
  void begin(std::vector<node_id> everybody, std::uint64_t first_sequence, duration patience, time_point now);
  void close();
  bool open() const { return next_ != never; }

  /// When `turn` is due; `never` while it is closed.
  time_point next() const { return next_; }
  /// Whom to ping now, at most `most`; the next turn is `pace` later, or when answers of a round are to be
  /// judged.
  std::vector<node_id> turn(std::size_t most, duration pace, time_point now);
  /// An answer of somebody's to a ping; one from before the call proves nothing.
  void answered(node_id who, std::uint64_t sequence);

  /// True when the first few have been waited for, and nobody else was asked yet: `answered_first` of them
  /// have answered. The next turn goes on to everybody.
  bool judges_few() const { return stage_ == stage::few; }
  std::vector<node_id> answered_first() const;
  /// All rounds are over. What follows holds then.
  bool over() const { return round_ > rounds; }
  /// Somebody answered at once, and hardly anybody only when asked again.
  bool is_conclusive() const;
  std::size_t present() const { return answered_.size(); }
  std::vector<node_id> silent() const;

 private:
  enum class stage : std::uint8_t { nobody, few, all };

  std::vector<node_id> everybody_;
  std::set<node_id> answered_;
  std::uint64_t first_sequence_ = 0;
  duration patience_{0};
  time_point next_ = never;
  std::size_t position_ = 0;
  int round_ = 1;
  stage stage_ = stage::nobody;  // asked so far
  std::size_t answered_at_once_ = 0;
};

}  // namespace troupe::membership
