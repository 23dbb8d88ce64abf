// Syncs under way at this node: who is served and who is sent elsewhere, and what is said to what comes in.
// How a sync goes is sync.hpp's, when one is due sync_schedule.hpp's, and what is learnt from it
// learner.hpp's.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/member_table.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/provenance.hpp>
#include <troupe/membership/sync.hpp>

namespace troupe::membership {

struct step;

class sync_desk {
 public:
  using answer = result<std::optional<sync_message>>;

  sync_desk(const options& settings, time_point now);

  /// Either side of a session; the initiator's first message is `opening`.
  static sync_session begin(const member_table& table, const options& settings, endpoint with,
                            sync_message& opening);
  static sync_session serve(const member_table& table, const options& settings);
  /// Once for each session, however it ended. False: nothing came of one that this node began.
  bool end(sync_session& session);

  /// Somebody opens a sync: true when it is served, false when there is no time for it.
  bool admit(sync_session& session, const step& at);
  /// Names others to ask instead.
  static answer send_elsewhere(sync_session& session, const step& at);
  /// A stream ping. Errors: it is for another process.
  static answer prove_presence(sync_session& session, const sync_message& ping, const step& at);
  /// The other side is this node under another address.
  static answer meet_oneself(sync_session& session, const step& at);

  /// How what `message` says reached this node.
  static provenance provenance_of(const sync_session& session, const sync_message& message, const step& at);
  /// The other side holds somebody alive whom this one holds dead, or forgotten, at the same incarnation.
  /// Only it itself can set that right: the note that it is to be told.
  static std::optional<update> contradiction_of(const update& fact, const step& at);
  /// Each note goes to its subject. Of too many, a random few: the next node that syncs tells others.
  static void contradict(sync_session& session, std::vector<update> notes, const step& at);

  /// What is to be said to `message`, whose facts have been learnt; `conclude` comes after what is `gone` in
  /// it has been learnt, too.
  static sync_outcome reply(sync_session& session, const sync_message& message, const step& at);
  void conclude(sync_session& session, const sync_outcome& outcome, const step& at);

 private:
  bool is_busy(const step& at);

  int served_ = 0;     // under way, begun by others
  double bytes_left_;  // that may be told to others now; below 0 they are sent elsewhere
  time_point counted_at_;
};

}  // namespace troupe::membership
