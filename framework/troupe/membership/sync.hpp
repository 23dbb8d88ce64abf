// A sync: two nodes find out over a stream where their views differ, and tell each other only that.
//
// The members are spread over 2^b buckets by a hash of their node ids, and each bucket has a sum of hashes of
// what is settled in it. Equal sums are equal views. So the hashes of a few ranges of buckets go first, then
// those of the buckets in the ranges that differ, then the digests of the members in the buckets that differ,
// then the facts that one side lacks: the cost follows the difference, not the number of members. Who knows
// next to nobody tells its few digests at once, and has the whole view one round trip later.
//
// A session is strictly one message there, one message back: each side holds at most one in memory, and a
// slow reader slows its teller down. Everything here is pure: what a node knows is asked of a `sync_view`.
//
//   initiator                                         responder
//   open {sums of ranges}                        ->
//                                                <-   turn {sums of the buckets in ranges that differ}
//   turn {digests of the buckets that differ}    ->
//                                                <-   turn {facts that the initiator lacks, wants}
//   turn {facts that were wanted}                ->
//                                                <-   turn {what is known better here, or nothing}
//
// How a core's sync is run (by an actor on a link, or by a simulator):
//
//   1. The core asks for one: `actions::syncs` names an endpoint. Open a stream to it. No stream:
//      `core.sync_failed()`.
//   2. Initiator, once the stream is there:  sync_session session = core.begin_sync(with, opening);
//      send `opening`. Responder, when a first message arrives:  sync_session session = core.serve_sync();
//   3. Either side, for each message:  auto answer = core.receive_sync(session, message, now, out);
//      an error ends the stream; `*answer` holds the one message to send back, or none.
//   4. `session.done()`: nothing more will come or go; the initiator closes the stream.
//   5. Once, however it ended (done, error, stream cut, time out):  core.end_sync(session).
//
// A stream ping (`actions::stream_pings`) is a stream whose only messages are `core.ask_presence(target)` and
// the answer to it, which a responder's `receive_sync` gives like any other.
//
// Sources: Merkle trees of Dynamo (DeCandia et al., SOSP 2007, section 4.7), cut to two levels; push-pull of
// Demers et al., "Epidemic algorithms for replicated database maintenance" (PODC 1987).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/order.hpp>
#include <troupe/membership/settled_sums.hpp>
#include <troupe/membership/sync_message.hpp>

namespace troupe::membership {

/// What one side of a session knows.
class sync_view {
 public:
  virtual ~sync_view() = default;
  virtual const settled_sums& sums() const = 0;
  /// Members of all states.
  virtual std::size_t size() const = 0;
  virtual std::optional<sync_digest> find(node_id who) const = 0;
  virtual void each(const std::function<void(const sync_digest&)>& visit) const = 0;
  /// What is remembered of a forgotten one.
  virtual std::optional<claim> tombstone_of(node_id who) const = 0;
  enum class with_document : bool { no, yes };
  /// Of a member. The document only where it is wanted, live and there.
  virtual update fact_of(node_id who, with_document wanted) const = 0;
};

/// What a message brought, beside the facts in it, which are the owner's business before `answer`.
struct sync_outcome {
  std::optional<sync_message> answer;
  std::vector<node_id> contradicted;  // members held dead here and alive there, in the same life
  std::vector<sync_digest> gone;      // dead or left there, never heard of here
};

/// One side of one session.
class sync_session {
 public:
  enum class side : std::uint8_t { initiator, responder };

  /// `members_max`: most members that there may be on either side.
  sync_session(side which, identity self, endpoint with, std::size_t members_max);

  /// The initiator's first message.
  sync_message open(const sync_view& mine);

  /// Whether the message makes sense now: to be asked first, for each. Errors: failed_precondition, out of
  /// turn; invalid_argument, without sense; resource_exhausted, beyond a bound. The text names it.
  result<void> admit(const sync_message& what);

  /// What is to be said to it. `mine` has taken in its facts and tombstones already.
  sync_outcome answer(const sync_message& what, const sync_view& mine);

  /// Nothing more comes or goes.
  bool done() const { return done_; }
  /// It was not the time: see `sync_message::others`.
  bool refused() const { return refused_; }
  void finish() { done_ = true; }
  void refuse() { done_ = refused_ = true; }

  side which() const { return side_; }
  /// Whom the initiator dialled.
  const endpoint& with() const { return with_; }
  /// Who answered or asked; nobody before its first message, or of an observer.
  const identity& peer() const { return peer_; }

  /// For the owner: whether what is learnt is retold, decided when the session began.
  bool retold = true;
  /// For the owner: whether it takes one of the places for sessions served, and how many were warned in it.
  bool admitted = false;
  std::size_t warnings = 0;

 private:
  using range_sum = sync_message::range_sum;
  enum class phase : std::uint8_t { unopened, opened, talking };
  struct telling {
    node_id who;
    sync_view::with_document document;
  };

  result<void> check_sums(const sync_message& what) const;
  result<void> check_digests(const sync_message& what) const;
  result<void> count(const sync_message& what);
  void compare_sums(const sync_message& what, const sync_view& mine);
  void compare_digests(const sync_message& what, const sync_view& mine, sync_outcome& outcome);
  void compare(const sync_digest& theirs, const sync_view& mine, sync_outcome& outcome);
  void show_suspects(const sync_view& mine);
  void offer(const sync_digest& ours);
  void answer_wants(const sync_message& what, const sync_view& mine, sync_outcome& outcome);
  void answer_facts(const sync_message& what, const sync_view& mine);
  bool has_more() const;
  sync_message compose(const sync_view& mine);
  void compose_digests(sync_message& next, std::size_t& room, const sync_view& mine);

  side side_;
  identity self_;
  endpoint with_;
  std::size_t members_max_;
  identity peer_;
  phase phase_ = phase::unopened;
  bool done_ = false;
  bool refused_ = false;
  int bits_ = 0;
  std::uint32_t their_members_ = 0;

  // Taken from the other side so far.
  std::size_t digests_heard_ = 0, facts_heard_ = 0, wants_heard_ = 0, tombstones_heard_ = 0;

  // What is still to be said, each list from its end.
  std::vector<range_sum> sums_;
  int describe_level_ = 0;
  std::vector<std::uint16_t> describe_;  // ranges whose digests are due
  std::vector<sync_message::want> wants_;
  std::vector<telling> tell_;
  std::vector<sync_digest> tombstones_;
};

}  // namespace troupe::membership
