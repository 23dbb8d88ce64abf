// The membership state machine: SWIM with Lifeguard, plus registrations. Sans-IO.
//
// Packets and sync messages come in with a sender and a time; packets to send, streams to open and events
// leave through `actions`. It reads no clock, opens no socket, and for one seed and one input it does
// one thing: the simulator and a node run this very code.
//
// The class wires its parts and has no subject of its own. Each part is a type with its own file, fields,
// deadlines and tests:
//
//   who is there          member_table (roster, tombstones), departed, seeds
//   who is still there    prober, relays, verdicts (open_suspicions)
//   is it me?             reach, isolation (roll_call), local_health, loss_watch, self_report
//   what others say       learner (order), gossiper (dissemination), sync_schedule, sync_desk (sync)
//   what the owner hears  event_batch
//   the end               farewell
//
// A part is handed a `step` (step.hpp) with each call: all that it sees of the others. What it finds out it
// returns; what follows from it for another part is decided here. core.cpp has what the owner does and what
// time does, core_receive.cpp what comes in.
//
// Sources: Das, Gupta, Motivala, "SWIM" (DSN 2002); Dadgar, Phillips, Currey, "Lifeguard" (DSN 2018).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/actions.hpp>
#include <troupe/membership/departed.hpp>
#include <troupe/membership/event_batch.hpp>
#include <troupe/membership/farewell.hpp>
#include <troupe/membership/gossiper.hpp>
#include <troupe/membership/isolation.hpp>
#include <troupe/membership/learner.hpp>
#include <troupe/membership/local_health.hpp>
#include <troupe/membership/loss_watch.hpp>
#include <troupe/membership/member.hpp>
#include <troupe/membership/member_table.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/prober.hpp>
#include <troupe/membership/reach.hpp>
#include <troupe/membership/relays.hpp>
#include <troupe/membership/seeds.hpp>
#include <troupe/membership/self_report.hpp>
#include <troupe/membership/step.hpp>
#include <troupe/membership/sync.hpp>
#include <troupe/membership/sync_desk.hpp>
#include <troupe/membership/sync_schedule.hpp>
#include <troupe/membership/verdicts.hpp>

namespace troupe::membership {

class core {
 public:
  /// `self` names this life of this node; `address` is what others dial. Starts alone, mode joining.
  /// REQUIRES: valid options, a node and an epoch, a name of 1 to `node_name_bytes_max` bytes.
  core(const options& settings, identity self, std::string name, endpoint address, std::uint64_t seed,
       time_point now);

  /// Asks each seed for a sync, again and again (with jitter, options::join_retry) until one answered.
  /// A seed that is this node's own address counts as answered. Seeds are kept for healing. Called again
  /// (names resolve to new addresses) it replaces the seeds, and asks them unless this node has joined.
  void join(std::vector<endpoint> seeds, time_point now, actions& out);

  /// A packet that arrived by UDP. Packets that name another target or make no sense change nothing.
  void receive(const packet& incoming, endpoint from, time_point now, actions& out);

  /// Everything due at or before `now`. Call at `next_deadline()`; calling earlier does no harm. After a
  /// call of any of these, ask for `next_deadline()` again. Hand over what has arrived first: a late tick
  /// before its packets looks like loss.
  void tick(time_point now, actions& out);
  time_point next_deadline() const;

  /// One side of a sync; sync.hpp says how it is run. The initiator's first message is `opening`.
  sync_session begin_sync(endpoint with, sync_message& opening) const;
  sync_session serve_sync() const;
  /// What to send back, if anything. Errors: the other side's message is wrong, or this node has left; the
  /// text says why, and the session is over.
  result<std::optional<sync_message>> receive_sync(sync_session& session, const sync_message& message,
                                                   time_point now, actions& out);
  /// Once for each session, however it ended.
  void end_sync(sync_session& session);
  /// No stream came about, or none that answered.
  void sync_failed();
  /// The message of a stream ping. `sync_kind::pong` from `target` is the answer.
  sync_message ask_presence(identity target) const;

  /// This node's own document and mode: a new version, announced at once. A document beyond the bounds is
  /// not published, and a note says why. The same document or mode again does nothing.
  void publish(std::vector<service_entry> services, std::string zone, time_point now, actions& out);
  void set_mode(membership::mode mode, time_point now, actions& out);
  /// How far this node's own workers lag, 0 (they keep up) to `worker_lag_max`: told to the others at most
  /// once per options::restate_interval.
  void set_worker_lag(int level, time_point now, actions& out);
  /// Announces that this node has left. Final. It is repeated until options::leave_fanout different peers
  /// have acknowledged it, or options::leave_limit has passed: `leave_done`.
  void leave(time_point now, actions& out);
  /// True once nothing is to be waited for after `leave`.
  bool leave_done() const;

  /// Evidence from elsewhere that the peer's process lives (an RPC reply): counts as an ack.
  void heard_from(identity peer, time_point now);
  /// A stream ping reached the process that it was for. Counts as an ack, and as a packet lost.
  void stream_answered(identity peer, time_point now, actions& out);

  /// Where this node stands: true once a seed has answered (or there are no seeds).
  bool joined() const { return seeds_.joined(); }
  /// Lifeguard's local health: 0 is healthy, up to options::health_max.
  int local_health() const { return health_.value(); }
  /// True while this node reaches so few that it doubts itself rather than the others (isolation.hpp).
  bool isolated() const { return isolation_.holds(); }
  const known_node& self() const { return table_.self(); }
  /// Everyone known, this node included; dead and left until they are forgotten. Cheap.
  const roster& members() const { return table_.everybody(); }
  /// One of them with all that is known of it; nothing for a stranger.
  std::optional<member> find(node_id who) const;
  /// All of them so, in no particular order: `visit(member)`.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& known : table_.everybody()) visit(table_.whole(known));
  }
  counters counted() const;

 private:
  step step_at(time_point now, actions& out);

  // What time does.
  void run(const step& at);
  void notice_stall(const step& at);
  void conclude(const probe_end& ended, const step& at);
  void judge_isolation(const step& at);
  void end_isolation(const step& at);
  void call_roll(const step& at);
  void restate(const step& at) { self_report_.restate(loss_watch_.lossy(), at); }
  void release_events(const step& at);

  // What comes in.
  void take(const packet& incoming, const endpoint& from, const step& at);
  bool is_for_this_node(const packet& incoming, const endpoint& reply_to, const step& at);
  bool misjudges_this_node(const packet& incoming) const;
  void receive_ping(const packet& incoming, const endpoint& reply_to, bool misjudged, const step& at);
  void receive_ack(const packet& incoming, const endpoint& reply_to, const step& at);
  void note_contact(const step& at);
  void take_facts(sync_session& session, const sync_message& message, const step& at);
  void heed(const lesson& taught, const step& at);

  // The end.
  void stop(std::string why, const step& at);
  void end_activities();
  std::string superseded_by(const endpoint& successor) const;

  options settings_;
  random_source random_;
  std::uint64_t next_sequence_;  // of pings
  prober prober_;
  sync_schedule syncs_;
  seeds seeds_;

  member_table table_;
  departed departed_;
  reach reach_;
  membership::local_health health_;
  gossiper gossip_;
  event_batch events_;
  counters counted_;

  relays relays_;
  verdicts verdicts_;
  isolation isolation_;
  loss_watch loss_watch_;
  self_report self_report_;
  learner learner_;
  sync_desk desk_;
  farewell farewell_;
};

}  // namespace troupe::membership
