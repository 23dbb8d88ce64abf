// The closer look at peers that packets were lost to: two pings a probe period each, for a while (loss.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/loss.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::membership {

struct step;

class loss_watch {
 public:
  /// `percent` as options::loss_percent.
  explicit loss_watch(int percent) : meter_(percent) {}

  /// A packet to or from `who`, which lives, was lost. Where enough watch already, one more would change
  /// nothing; where this node loses packets to everybody, it has nothing to say about one.
  void watch(node_id who, const step& at);
  /// Pings whoever is due, and judges those that went unanswered. True when there were any.
  bool tick(const step& at);
  /// True when `ack` answers one of these pings.
  bool receive_ack(const packet& ack, const step& at);

  /// It is gone.
  void forget(node_id who) { meter_.forget(who); }
  /// It is this node's own network: it has nothing to say about the others'.
  void forget_all() { meter_.clear(); }
  /// Of pings under way nothing follows.
  void abandon_pings() { pings_.clear(); }

  /// Whom it sees packets lost to or from, ascending.
  std::vector<node_id> lossy() const { return meter_.lossy(); }
  time_point next_deadline() const;

 private:
  struct watch_ping {
    identity target;
    time_point ends;
  };

  loss_meter meter_;
  std::map<std::uint64_t, watch_ping> pings_;  // by sequence
};

}  // namespace troupe::membership
