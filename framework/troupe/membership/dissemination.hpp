// The news that is still to be told: a priority queue of updates, each with a number of tellings left.
//
// Every packet has room for a few updates. Those told least go first, so that news spreads before it is
// repeated, the more urgent with a start of a few tellings; among equals the newest. So a storm of suspicions
// and refutations delays a document, and does not shut it out. After its budget an update is dropped: by then
// everybody has it with high probability (SWIM, section 4.1). One update a subject: a newer one replaces the
// older. The last that were dropped are kept for whoever turns out not to be everybody.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include <troupe/membership/message.hpp>

namespace troupe::membership {

/// What goes first. A wrong accusation must be undone before it does harm, a death known before a join.
enum class urgency : std::uint8_t { refutation, failure, join, registration, load };

class dissemination {
 public:
  /// Updates larger than `update_bytes_max` lose their document: receivers fetch it by stream. Beyond
  /// `entries_max` subjects the last in the order is dropped.
  dissemination(std::size_t update_bytes_max, std::size_t entries_max)
      : update_bytes_max_(update_bytes_max), entries_max_(entries_max) {}

  /// To be told `budget` times. Replaces what is queued about the subject; of the two urgencies the higher
  /// stays, since the old news has not gone out whole.
  void announce(update what, urgency how_urgent, int budget);

  /// Appends to `into` what fits in `bytes` (by `size_bound`), and counts it as told once. Leaves out
  /// subjects that `into` already has, and what `receiver` knows better: that it is alive.
  void take(std::size_t bytes, node_id receiver, std::vector<update>& into);

  /// For a receiver whose view differs: what was told often enough and may not have reached it, the latest
  /// first, each up to its budget once more.
  void retell(std::size_t bytes, node_id receiver, std::vector<update>& into);

  void forget(node_id subject);
  void clear();
  bool contains(node_id subject) const { return entries_.contains(subject); }
  bool empty() const { return entries_.empty(); }
  /// Some of it was told less than `turn` times, those counted that more urgent news is ahead.
  bool has_turn_before(int turn) const { return !order_.empty() && order_.begin()->turn < turn; }
  /// Of all of it, by `size_bound`.
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return entries_.size(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct rank {
    int turn;  // tellings, and those that the more urgent are ahead
    urgency how_urgent;
    std::uint64_t age;  // lower is newer
    node_id subject;
    friend auto operator<=>(const rank&, const rank&) = default;
  };
  struct entry {
    update what;
    std::size_t bytes;
    int budget;
    int left;
    rank position;
  };

  static constexpr std::size_t spent_max = 16;

  std::size_t update_bytes_max_;
  std::size_t entries_max_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;

  std::map<node_id, entry> entries_;
  std::set<rank> order_;
  struct spent {
    update what;
    int left;
  };
  std::deque<spent> spent_;  // the latest first; nobody who is in `entries_`
  std::uint64_t next_age_ = ~std::uint64_t{0};
};

}  // namespace troupe::membership
