// Are they gone, or is it this node's network? It asks everybody.
//
// A node that hardly any probe reaches doubts itself (isolation.hpp), and rightly so: one network breaks more
// often than most of a cluster. But where most are gone, in a power cut or on the smaller side of a split, it
// would find out one probe at a time and never dare to say so. So when an isolated node hears anybody at all,
// or any node suspects a quarter of all, it calls the roll. First a few: if three quarters of them answer,
// the network is back, or the accusers are wrong. Else everybody, and twice more whoever was silent, and
// beside them some of those who had answered. Packets that get lost get lost at random: some of the silent
// would answer later, and of those who had answered some would not again. If hardly any does the one or the
// other, then those who answered are all who are there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

class roll_call {
 public:
  /// Asked first, and in each further round asked again of those who had answered. At most.
  static constexpr std::size_t few = 16;

  /// Whether so many suspects are more than single crashes; `live` counts them, too.
  static bool is_called_for(std::size_t suspects, std::size_t live) {
    return suspects > few && 4 * suspects > live;
  }

  /// `everybody` in the order in which they are asked; an answer may take `patience`.
  void begin(const std::vector<identity>& everybody, duration patience, time_point now);
  void close() { *this = roll_call(); }
  bool open() const { return stage_ != stage::closed; }

  /// When `turn` is due; `never` while it is closed.
  time_point next() const { return next_; }
  /// Whom to ping now, at most `most` beside a few, with sequences from `first_sequence` on; the next turn is
  /// `pace` later, or when a round's answers have been waited for. Nobody when it is over.
  std::vector<identity> turn(std::size_t most, std::uint64_t first_sequence, duration pace, time_point now);
  /// An answer to a ping of this call; to one from before the call it proves nothing.
  void answered(identity who, std::uint64_t sequence);

  /// True when the first few have been waited for, and nobody else was asked yet. The next turn goes on to
  /// everybody.
  bool judges_few() const { return stage_ == stage::few_asked; }
  std::size_t asked_first() const { return std::min(few, everybody_.size()); }
  std::vector<node_id> answered_first() const;
  /// So many of the first few answered that it is not worth asking everybody.
  bool is_needless() const { return 4 * answered_first().size() >= 3 * asked_first(); }

  /// All rounds are over. What follows holds then.
  bool over() const { return stage_ == stage::over; }
  /// Somebody answered at once and ever again, and hardly anybody only later.
  bool is_conclusive() const;
  std::size_t present() const { return at_once_ + late_; }
  std::vector<identity> silent() const;

 private:
  enum class stage : std::uint8_t { closed, begun, few_asked, first, second, third, over };
  struct one {
    identity who;
    bool answered = false;
    bool to_confirm = false;  // asked again in this round, and no answer to that yet
  };

  void begin_round(std::uint64_t first_sequence, std::vector<identity>& asked);

  stage stage_ = stage::closed;
  std::vector<one> everybody_;
  std::map<node_id, std::size_t> index_;
  duration patience_{0};
  time_point next_ = never;
  std::size_t position_ = 0;            // who is asked next
  std::uint64_t call_sequence_ = 0;     // of the call's first ping
  std::uint64_t round_sequence_ = 0;    // of the round's
  std::size_t at_once_ = 0, late_ = 0;  // answered in the first round, or only later
  std::size_t to_confirm_ = 0, confirmed_ = 0;
};

}  // namespace troupe::membership
