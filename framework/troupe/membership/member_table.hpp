// Everybody that this node knows, and what it holds of them: the roster, and beside it what only few have.
//
// The roster is dense and small (roster.hpp). Who accuses somebody, how far somebody is, who reports loss,
// and what is remembered of the forgotten stands in maps of its own, and is brought together here: for
// packets as an `update`, for whoever asks as a `member`. The sums that syncs and digests compare follow
// every change, because every change goes through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/loss.hpp>
#include <troupe/membership/member.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/roster.hpp>
#include <troupe/membership/round_trip.hpp>
#include <troupe/membership/settled_sums.hpp>
#include <troupe/membership/tombstones.hpp>

namespace troupe::membership {

/// Who says that somebody is suspect or dead, and how well it was.
struct accusation {
  node_id accuser{};
  std::uint8_t health = 0;
  node_id death_teller{};  // who told of a death that is only believed to be a suspicion
};

/// What is measured of a peer and nobody else's business.
struct contact {
  round_trip timing;
  time_point heard = time_point::min();
};

/// Whether an update carries the document that it names.
enum class carry : std::uint8_t { document, version_only };

sync_digest digest_of(const known_node& known);

class member_table {
 public:
  /// REQUIRES: this node, `self`, is the first to be inserted. `tombstones_max` as options::graves_max.
  member_table(const identity& self, std::size_t tombstones_max) : self_(self), tombstones_(tombstones_max) {}

  const identity& own() const { return self_; }
  node_id self_id() const { return self_.node; }
  const known_node& self() const { return *roster_.find(self_.node); }
  known_node& self() { return *roster_.find(self_.node); }
  /// This node has not left.
  bool is_running() const { return running_; }
  /// Nobody else is live.
  bool is_alone() const { return roster_.live() <= 1; }

  const roster& everybody() const { return roster_; }
  std::size_t live() const { return roster_.live(); }
  /// Null when unknown. A pointer is good until the next call of anything that is not const.
  const known_node* find(node_id who) const { return roster_.find(who); }
  known_node* find(node_id who) { return roster_.find(who); }
  /// Whose turn it is to be probed: see roster.
  const known_node* next_turn(random_source& random) { return roster_.next(self_.node, random); }

  /// Somebody who is not there yet; its tombstone goes.
  known_node& insert(known_node newcomer, random_source& random);
  /// Changes what the digest covers, but the state.
  template <class Edit>
  void amend(known_node& known, Edit&& edit) {
    sums_.remove(digest_of(known));
    edit(known);
    sums_.add(digest_of(known));
  }
  /// Of suspects and the dead `by` is kept. Moves the node; what it gives back is where it is now.
  known_node& set_state(known_node& known, state next, const accusation& by, random_source& random,
                        time_point now);
  /// Leaves its tombstone. It is there, and not live.
  void forget(node_id who);

  /// Of those in state suspect or dead, and nobody else; null without one.
  accusation* find_accusation(node_id who);
  const accusation* find_accusation(node_id who) const;
  /// Whom `accuser` accuses.
  std::vector<node_id> accused_by(node_id accuser) const;

  /// Null until measured or heard from. Kept for all members: `troupe rtt` shows them, and a peer's turn,
  /// which needs its round trip, comes once in N periods. About 70 bytes each.
  const contact* find_contact(node_id who) const;
  contact& contact_with(node_id who) { return contacts_[who]; }
  void forget_contact(node_id who) { contacts_.erase(who); }
  /// Its process lives. Of strangers and other lives nothing is noted.
  void heard_from(const identity& peer, time_point now);

  /// `observer` says that packets to or from `after` get lost, where it said `before`; both ascending. Who is
  /// degraded changes at `observers_wanted`, 0: nobody ever is. Returns which live ones are otherwise now.
  std::vector<node_id> report_losses(node_id observer, const std::vector<node_id>& before,
                                     const std::vector<node_id>& after, int observers_wanted);
  /// Ascending.
  const std::vector<node_id>& observers_of(node_id who) const { return loss_reports_.observers_of(who); }
  bool is_degraded(node_id who, int observers_wanted) const;

  tombstones& buried() { return tombstones_; }
  const tombstones& buried() const { return tombstones_; }
  const settled_sums& sums() const { return sums_; }

  /// As it goes into packets and syncs.
  update describe(const known_node& known, carry carried) const;
  /// As whoever asks sees it.
  member whole(const known_node& known) const;

 private:
  identity self_;
  bool running_ = true;
  roster roster_;
  settled_sums sums_;  // of everybody; its total is the digest in an ack
  std::map<node_id, accusation> accusations_;
  std::map<node_id, contact> contacts_;
  loss_reports loss_reports_;
  tombstones tombstones_;
};

}  // namespace troupe::membership
