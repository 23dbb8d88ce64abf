// The membership state machine: SWIM with Lifeguard, plus registrations. Sans-IO.
//
// Packets and sync messages come in with a sender and a time; packets to send, streams to open and events
// leave through `actions`. It reads no clock, opens no socket, and for one seed and one input it does
// one thing: the simulator and a node run this very code.
//
// The class is one, its subjects are eight files: core.cpp (timers, what the owner does, events),
// core_probing.cpp (who is still there), core_verdict.cpp (suspicions and what ends them), core_learning.cpp
// (what others say), core_telling.cpp (what goes into packets and to whom), core_condition.cpp (what a node
// says of its own condition: strain, loss, isolation, who of all is there), core_lasting.cpp (joining,
// healing, forgetting), core_exchange.cpp (streams that repair what gossip lost).
//
// Sources: Das, Gupta, Motivala, "SWIM" (DSN 2002); Dadgar, Phillips, Currey, "Lifeguard" (DSN 2018).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/accusation_limit.hpp>
#include <troupe/membership/dissemination.hpp>
#include <troupe/membership/isolation.hpp>
#include <troupe/membership/loss.hpp>
#include <troupe/membership/member.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/order.hpp>
#include <troupe/membership/roll_call.hpp>
#include <troupe/membership/roster.hpp>
#include <troupe/membership/round_trip.hpp>
#include <troupe/membership/suspicion.hpp>
#include <troupe/membership/sync.hpp>
#include <troupe/membership/tombstones.hpp>

namespace troupe::membership {

/// What the core wants done. The actor performs everything and empties it before the next call.
struct actions {
  struct send {
    endpoint to;
    packet what;
  };
  std::vector<send> packets;
  struct stream_ping {
    identity who;
    endpoint at;
    std::uint64_t sequence;
  };
  std::vector<stream_ping> stream_pings;  // open a stream there, too; say `stream_answered` if it is `who`
  std::vector<endpoint> syncs;            // open a stream there and run a sync, as sync.hpp says
  std::vector<event> events;              // in the order in which they happened
  std::vector<std::string> notes;         // one line each, worth a warning in the log

  void clear();
};

class core {
 public:
  /// `self` names this life of this node; `address` is what others dial. Starts alone, mode joining.
  core(const options& settings, identity self, std::string name, endpoint address, std::uint64_t seed,
       time_point now);

  /// Asks each seed for an exchange, again and again (with jitter, options::join_retry) until one answered.
  /// A seed that is this node's own address counts as answered. Seeds are kept for healing. Called again
  /// (names resolve to new addresses) it replaces the seeds, and asks them unless this node has joined.
  void join(std::vector<endpoint> seeds, time_point now, actions& out);

  /// A packet that arrived by UDP. Packets that name another target or make no sense change nothing.
  void receive(const packet& what, endpoint from, time_point now, actions& out);

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
  result<std::optional<sync_message>> receive_sync(sync_session& session, const sync_message& what,
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
  /// How far this node's own dispatcher lags, 0 (it keeps up) to `worker_lag_max`: told to the others at most
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
  bool joined() const;
  /// Lifeguard's local health: 0 is healthy, up to options::health_max.
  int local_health() const;
  /// True while this node reaches so few that it doubts itself rather than the others (isolation.hpp).
  bool isolated() const;
  const known_node& self() const;
  /// Everyone known, this node included; dead and left until they are forgotten. Cheap.
  const roster& members() const;
  /// One of them with all that is known of it; nothing for a stranger.
  std::optional<member> find(node_id who) const;
  /// All of them so, in no particular order: `visit(member)`.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& known : roster_) visit(whole(known));
  }

  struct counters {
    std::uint64_t pings = 0, acks = 0, indirect = 0, suspicions = 0, refutations = 0, deaths = 0;
    std::uint64_t dropped_members = 0;        // beyond options::members_max
    std::uint64_t ignored_packets = 0;        // for somebody else, or without sense
    std::uint64_t ignored_updates = 0;        // beyond their bounds
    std::uint64_t stalls = 0;                 // this node was not running for longer than a probe may take
    std::uint64_t syncs = 0, sync_bytes = 0;  // brought to their end; bytes told in all, at most
    std::uint64_t refused_syncs = 0, broken_syncs = 0;   // sent elsewhere, being busy; ended by a bad message
    std::uint64_t stream_pings = 0, stream_rescues = 0;  // asked for; of them answered, where no packet was
    std::uint64_t limited_accusations = 0;               // beyond options::accusations_max, without effect
    std::uint64_t doubted_accusations = 0;               // of accusers beyond options::trusted_health_max
    std::uint64_t dropped_news = 0;                      // beyond options::news_max
    std::uint64_t dropped_relays = 0;                    // pings in others' places, beyond what may be open
    std::uint64_t isolations = 0;                        // times this node took itself for isolated
    std::uint64_t postponed_verdicts = 0;                // due while it could not trust itself
  };
  counters counted() const;

 private:
  /// The probe of this period. Nothing is decided before its end: a late answer still counts.
  struct probe {
    identity target;
    endpoint address;
    std::uint64_t sequence = 0;
    time_point started;
    time_point indirect_at;  // `never` once the others have been asked
    time_point again_at;     // `never` where packets are not lost as a rule
    time_point ends;
    std::vector<std::uint64_t>
        repeats;                   // sequences of further pings: who answers these has not got the first
    std::vector<node_id> helpers;  // asked, and neither answer nor nack came yet
    std::size_t helpers_asked = 0;
  };
  /// A ping that this node sent in another one's place.
  struct relay {
    identity target;
    identity requester;
    endpoint requester_address;
    std::uint64_t requester_sequence = 0;
    time_point nack_at;  // `never` once sent
    time_point ends;
  };
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
  /// How a fact reached this node.
  enum class channel : std::uint8_t { packet, stream };
  enum class retelling : std::uint8_t { announce, keep };
  struct provenance {
    channel by;
    retelling then;
    identity teller;
    endpoint address;  // the teller's
  };
  enum class carry : std::uint8_t { document, version_only };
  /// A ping to a peer that is looked at more closely (loss.hpp).
  struct watch_ping {
    identity target;
    time_point ends;
  };

  // core.cpp
  bool running() const;
  void notice_stall(time_point now);
  void say_farewell(time_point now, actions& out);
  void receive_farewell_ack(const packet& what);
  void stop(std::string note, time_point now, actions& out);
  member whole(const known_node& known) const;
  void happened(event_kind kind, const known_node& whom);
  void release_events(time_point now, actions& out);

  // core_lasting.cpp
  bool alone() const { return roster_.live() <= 1; }
  void ask_seeds(time_point now, actions& out);
  void heal(time_point now, actions& out);
  void forget_the_old(time_point now);
  void make_room();
  void forget(node_id who);

  // core_probing.cpp
  void probe_next(time_point now, actions& out);
  const known_node* next_target();
  void be_witness(node_id suspect);
  void ask_helpers(time_point now, actions& out);
  void ask_again(time_point now, actions& out);
  void ping_target(std::uint64_t sequence, actions& out);
  void conclude_probe(time_point now, actions& out);
  void conclude(answer how, time_point now, actions& out);
  void nack_late_relays(time_point now, actions& out);
  enum class introduction : std::uint8_t { needed, not_needed };
  void take(const packet& what, endpoint from, time_point now, actions& out);
  void receive_ping(const packet& what, endpoint reply_to, introduction mine, time_point now, actions& out);
  void receive_ping_request(const packet& what, endpoint reply_to, time_point now, actions& out);
  void receive_ack(const packet& what, endpoint reply_to, time_point now, actions& out);
  void receive_nack(const packet& what);
  void adjust_health(int by);

  // core_verdict.cpp
  void suspect(known_node& whom, time_point now, actions& out);
  known_node& accuse(known_node& whom, time_point now);
  void confirm(known_node& known, accusation by, const provenance& how, time_point now);
  trust trust_of(const accusation& by) const;
  bool is_certain(node_id who) const;
  bool wants_two_words() const;
  bool may_bury(node_id who, time_point now) const;
  void bury_suspects(time_point now, actions& out);
  void ask_about(const known_node& suspect, time_point now, actions& out);
  known_node& enter(known_node& whom, membership::state state, accusation by, time_point now);

  // core_condition.cpp
  void restate(time_point now);
  void watch_isolation(time_point now, actions& out);
  void end_isolation(time_point now);
  void note_contact(time_point now);
  void begin_roll_call(time_point now);
  bool suspects_many() const;
  std::size_t packets_at_once() const;
  void call_roll(time_point now, actions& out);
  void conclude_roll_call(time_point now, actions& out);
  void withdraw_accusations(time_point now);
  void watch(node_id who, time_point now);
  void look_closer(time_point now, actions& out);
  bool receive_watch_ack(const packet& what, time_point now);
  void take_losses(node_id observer, const std::vector<node_id>& before, const std::vector<node_id>& after);

  // core_learning.cpp
  void learn(const update& what, const provenance& how, time_point now, actions& out);
  void learn_of_self(const update& what, time_point now, actions& out);
  void learn_of_stranger(const update& what, const provenance& how, time_point now, actions& out);
  void replace(known_node& known, const update& what, const provenance& how, time_point now, actions& out);
  void learn_document(known_node& known, const update& what, const provenance& how, time_point now,
                      actions& out);
  bool adopt_document(known_node& known, const update& what);
  void refute(std::uint64_t incarnation, time_point now, actions& out);
  bool is_plausible(const update& what) const;

  // core_exchange.cpp
  void exchange_periodically(time_point now, actions& out);
  void request_exchange(endpoint with, time_point now, actions& out);
  void compare_digest(const packet& what, endpoint reply_to, time_point now, actions& out);
  class knowledge;
  static sync_digest digest_of(const known_node& whom);
  using sync_answer = result<std::optional<sync_message>>;
  sync_answer prove_presence(sync_session& session, const sync_message& what);
  sync_answer meet_oneself(sync_session& session);
  bool is_busy(time_point now);
  sync_answer send_elsewhere(sync_session& session);
  sync_answer go_elsewhere(sync_session& session, const sync_message& what, actions& out);
  void take_facts(sync_session& session, const sync_message& what, time_point now, actions& out);
  void learn_tombstone(const sync_digest& stone, const provenance& how, time_point now, actions& out);
  std::optional<update> contradiction_of(const update& fact) const;
  void contradict(sync_session& session, std::vector<update> notes, actions& out);

  // core_telling.cpp
  update describe(const known_node& whom, carry what) const;
  void announce(const known_node& whom, urgency how_urgent, carry what, time_point now);
  int budget() const;
  void push(time_point now, actions& out);
  bool tell_some(actions& out);
  enum class cargo : std::uint8_t { note, news };
  void warn(update belief, cargo with, actions& out);
  void answer_old_life(const packet& what, endpoint reply_to, actions& out);
  packet start(packet_kind kind) const;
  packet start_ping(identity target);
  void fill(packet& what, identity receiver);
  void fill(packet& what, identity receiver, std::size_t bytes_max);
  bool needs_note(identity receiver) const;
  bool misjudges_self(const packet& what) const;
  std::vector<node_id> pick_live(std::size_t count, node_id except);

  known_node& me() { return *roster_.find(self_); }
  /// Every change of a member that the digest covers goes through here.
  template <class Edit>
  void amend(known_node& whom, Edit&& edit) {
    sums_.remove(digest_of(whom));
    edit(whom);
    sums_.add(digest_of(whom));
  }

  options settings_;
  node_id self_;
  random_source random_;
  counters counters_;

  roster roster_;
  // Only members, and no longer than they are: at most members_max entries of about 70 bytes. All of them are
  // kept, since `troupe rtt` shows them and a peer's turn, which needs its round trip, comes once in N
  // periods.
  std::map<node_id, contact> contacts_;
  std::map<node_id, accusation> accusations_;  // exactly the members in state suspect or dead
  open_suspicions open_suspicions_;            // exactly the members in state suspect
  tombstones tombstones_;
  settled_sums sums_;  // of everybody; its total is the digest in an ack
  // Who is to be forgotten, the oldest first; entries about those who came back meanwhile count for nothing.
  std::deque<std::pair<time_point, node_id>> dead_;
  std::deque<std::pair<time_point, node_id>> left_;

  int health_ = 0;
  std::optional<probe> probe_;
  node_id summoned_to_;                    // a suspect whom this node probes out of turn
  std::map<std::uint64_t, relay> relays_;  // by the sequence of this node's own ping
  accusation_limit accusation_limit_;
  reach reach_;
  time_point isolated_since_ = never;  // never: it is not
  time_point last_contact_ = time_point::min();
  roll_call roll_call_;
  time_point next_roll_call_ = time_point::min();  // not before

  loss_meter losses_;                            // what this node sees
  std::map<std::uint64_t, watch_ping> watches_;  // by sequence
  loss_reports loss_reports_;                    // what all say
  std::uint8_t worker_lag_ = 0;                  // to be told
  time_point restated_;

  std::vector<event> events_;  // not handed out yet
  time_point last_release_;

  std::map<std::uint64_t, node_id> farewells_;  // by sequence, not acknowledged yet
  std::vector<node_id> farewelled_;             // acknowledged by them
  time_point farewell_ends_ = never;
  std::uint64_t next_sequence_;
  int mismatches_ = 0;  // pings and acks in a row whose digest differed

  int looks_left_ = 0;  // quick syncs still due after joining
  // Others that are asked when the seeds are busy, until the seeds are asked again.
  static constexpr int referrals_max = 3;
  int referrals_left_ = 0;
  int syncs_served_ = 0;    // under way, begun by others
  double sync_bytes_left_;  // that may be told to others now; below 0 they are sent elsewhere
  time_point sync_bytes_at_;

  dissemination news_;
  time_point last_gossip_;
  std::size_t gossip_bytes_left_ = 0;  // until next_allowance_
  time_point next_allowance_ = time_point::min();

  std::vector<endpoint> seeds_;
  bool joined_ = true;
  bool superseded_ = false;
  bool told_full_ = false;    // the note about members_max is written once
  endpoint wanted_exchange_;  // asked for as soon as next_extra_exchange_ allows

  time_point next_probe_;
  time_point next_gossip_ = never;
  time_point next_exchange_;
  time_point next_extra_exchange_;
  time_point next_join_ = never;
  time_point next_heal_;
  time_point next_sweep_;
  time_point next_relay_ = never;
  time_point next_restate_ = never;
  time_point next_release_ = never;
  time_point deaths_until_ = never;  // how long deaths wait for others
  time_point next_farewell_ = never;
};

}  // namespace troupe::membership
