// Whose packets get lost: measuring it, and believing it only when several independent observers say so.
//
// A peer behind a lossy link is neither alive nor dead. Pings to it fail, others rescue it, and suspicion and
// refutation take turns for ever (the flapping of consul #5928). It should keep its place and get less work.
//
// In a large cluster a node probes one peer once in N periods, so a ping that was lost and rescued makes it
// look closer: it pings that peer twice a period for a while. What it then sees it says of itself, as a short
// list with its incarnation: it converges as all that an owner says does, and costs nothing while all is
// well. A peer that `options::degraded_observers` live ones list is degraded, for everybody alike.
//
// Only a peer that is worse than the others is named. Where the whole network loses packets everybody would
// name somebody else each second, and the lists would fill the packets that news of leaves and documents
// needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

/// What this node sees itself. Bounded: `lossy_max` peers at once, more are passed over.
class loss_meter {
 public:
  explicit loss_meter(int percent) : percent_(percent) {}

  /// A packet to or from `who` was lost: it is watched, if there is room.
  void watch(node_id who, time_point now);
  void forget(node_id who);
  void clear() { watched_.clear(); }

  /// When the next watched peer is due for a ping; `never` without any.
  time_point next() const;
  /// Who that is, at most one at a time; its next turn is `period` later. 0: nobody is due.
  node_id turn(time_point now, duration period);
  /// What became of such a ping, where a share of `usual` of all pings gets lost. Ends the watch over a peer
  /// that turned out to be as sound as the others.
  void note(node_id who, bool answered, double usual);

  /// Whom it sees packets lost to or from, ascending: `percent` of the last pings, at most `samples_max`, and
  /// `lost_min` more of them than twice the usual; until it is half of that.
  std::vector<node_id> lossy() const;

 private:
  static constexpr int lost_min = 4;
  static constexpr int samples_min = 8;
  static constexpr int samples_max = 16;

  struct watched {
    time_point due;
    std::uint32_t lost = 0;  // one bit a sample, the newest lowest
    int samples = 0;
    bool lossy = false;
  };
  int percent_;
  std::map<node_id, watched> watched_;
};

/// What everybody says they see: from the lists to who is in how many of them.
class loss_reports {
 public:
  /// `observer` now says `after` where it said `before`; both ascending. Returns whose count changed.
  std::vector<node_id> replace(node_id observer, const std::vector<node_id>& before,
                               const std::vector<node_id>& after);
  /// Ascending.
  const std::vector<node_id>& observers_of(node_id who) const;

 private:
  std::map<node_id, std::vector<node_id>> observers_;
  std::vector<node_id> nobody_;
};

}  // namespace troupe::membership
