// The membership state machine: SWIM with Lifeguard, plus registrations. Sans-IO.
//
// Packets and snapshots come in with a sender and a time; packets to send, streams to open and events
// leave through `actions`. It reads no clock, opens no socket, and for one seed and one input it does
// one thing: the simulator and a node run this very code.
//
// The class is one, its subjects are four files: core.cpp (life, timers, what the owner does),
// core_probing.cpp (who is still there), core_learning.cpp (what others say), core_telling.cpp (what goes
// into packets and to whom).
//
// Sources: Das, Gupta, Motivala, "SWIM" (DSN 2002); Dadgar, Phillips, Currey, "Lifeguard" (DSN 2018).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/dissemination.hpp>
#include <troupe/membership/graveyard.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/order.hpp>
#include <troupe/membership/rotation.hpp>
#include <troupe/membership/round_trip.hpp>
#include <troupe/membership/suspicion.hpp>

namespace troupe::membership {

/// One node as this node sees it.
struct member {
  identity self;
  std::uint64_t incarnation = 0;
  membership::state state = membership::state::alive;
  membership::mode mode = membership::mode::joining;
  std::string name;
  endpoint address;
  registration document;
  time_point since{};      // when `state` last changed here
  node_id accuser;         // who said suspect or dead
  duration round_trip{0};  // smoothed; 0 until measured
};

/// Why the actor is told of a member. Every change is one event, and `subject` is the new truth whole.
enum class event_kind : std::uint8_t {
  joined,   // a new node, or a new life of a known one: a higher epoch supersedes the old process
  changed,  // its mode, address or document
  suspected,
  refuted,  // alive again, after suspect or dead, in the same life
  died,
  left,       // of itself: it left, or another process has taken its name; either way it must stop
  forgotten,  // dead or left for long; no longer in members()
};

struct event {
  event_kind kind;
  member subject;  // as it is after the event
};

/// What the core wants done. The actor performs everything and empties it before the next call.
struct actions {
  struct send {
    endpoint to;
    packet what;
  };
  std::vector<send> packets;
  std::vector<endpoint> exchanges;  // open a stream, send `make_snapshot()`, hand the answer to `merge`;
                                    // who is asked answers with its own, made before it merges
  std::vector<event> events;        // in the order in which they happened
  std::vector<std::string> notes;   // one line each, worth a warning in the log

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

  /// The stream exchange, both directions: what this node knows, and what the other one said.
  snapshot make_snapshot() const;
  void merge(const snapshot& what, time_point now, actions& out);
  void exchange_failed(endpoint with, time_point now, actions& out);

  /// This node's own document and mode: a new version, announced at once. A document beyond the bounds is
  /// not published, and a note says why. The same document or mode again does nothing.
  void publish(std::vector<service_entry> services, std::string zone, time_point now, actions& out);
  void set_mode(membership::mode mode, time_point now, actions& out);
  /// Announces that this node has left, to `options::leave_fanout` peers at once. Final.
  void leave(time_point now, actions& out);

  /// Evidence from elsewhere that the peer's process lives (an RPC reply): counts as an ack.
  void heard_from(identity peer, time_point now);

  /// Where this node stands: true once a seed has answered (or there are no seeds).
  bool joined() const;
  /// Lifeguard's local health: 0 is healthy, up to options::health_max.
  int local_health() const;
  const member& self() const;
  /// Everyone known, by node id, this node included; dead and left until they are forgotten.
  const std::map<node_id, member>& members() const;

  struct counters {
    std::uint64_t pings = 0, acks = 0, indirect = 0, suspicions = 0, refutations = 0, deaths = 0;
    std::uint64_t dropped_members = 0;  // beyond options::members_max
    std::uint64_t ignored_packets = 0;  // for somebody else, or without sense
    std::uint64_t ignored_updates = 0;  // beyond their bounds
    std::uint64_t stalls = 0;           // this node was not running for longer than a probe may take
  };
  const counters& counted() const;

 private:
  /// The probe of this period. Nothing is decided before its end: a late answer still counts.
  struct probe {
    identity target;
    endpoint address;
    std::uint64_t sequence = 0;
    time_point started;
    time_point indirect_at;  // `never` once the others have been asked
    time_point ends;
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
  /// What is measured of a peer and nobody else's business.
  struct link {
    round_trip timing;
    time_point heard = time_point::min();
  };
  /// How a fact reached this node.
  enum class channel : std::uint8_t { packet, stream };
  enum class retelling : std::uint8_t { announce, keep };
  struct hearsay {
    channel by;
    retelling then;
    identity teller;
    endpoint address;  // the teller's
  };
  enum class carry : std::uint8_t { document, version_only };

  // core.cpp
  bool running() const;
  bool alone() const { return live_ <= 1; }
  void ask_seeds(time_point now, actions& out);
  void heal(time_point now, actions& out);
  void exchange_periodically(time_point now, actions& out);
  void request_exchange(endpoint with, time_point now, actions& out);
  void forget_the_old(time_point now, actions& out);
  void make_room(actions& out);
  void notice_stall(time_point now);
  void stop(std::string note, time_point now, actions& out);

  // core_probing.cpp
  void probe_next(time_point now, actions& out);
  void ask_helpers(time_point now, actions& out);
  void conclude_probe(time_point now, actions& out);
  void suspect(member& whom, time_point now, actions& out);
  void bury_suspects(time_point now, actions& out);
  void nack_late_relays(time_point now, actions& out);
  enum class introduction : std::uint8_t { needed, not_needed };
  void receive_ping(const packet& what, endpoint reply_to, introduction mine, actions& out);
  void receive_ping_request(const packet& what, endpoint reply_to, time_point now, actions& out);
  void receive_ack(const packet& what, endpoint reply_to, time_point now, actions& out);
  void receive_nack(const packet& what);
  void compare_digest(const packet& what, endpoint reply_to, time_point now, actions& out);
  void adjust_health(int by);

  // core_learning.cpp
  void learn(const update& what, const hearsay& how, time_point now, actions& out);
  void learn_of_self(const update& what, time_point now, actions& out);
  void learn_of_stranger(const update& what, const hearsay& how, time_point now, actions& out);
  void replace(member& known, const update& what, const hearsay& how, time_point now, actions& out);
  void confirm(member& known, node_id accuser, const hearsay& how, time_point now);
  void learn_document(member& known, const update& what, const hearsay& how, time_point now, actions& out);
  bool adopt_document(member& known, const update& what);
  void contradict(const snapshot& what, actions& out);
  void refute(std::uint64_t incarnation, time_point now, actions& out);
  void enter(member& whom, membership::state state, node_id accuser, time_point now);
  bool is_plausible(const update& what) const;

  // core_telling.cpp
  update describe(const member& whom, carry what) const;
  void announce(const member& whom, urgency how_urgent, carry what, time_point now);
  int budget() const;
  void push(time_point now, actions& out);
  void warn(update belief, actions& out);
  void answer_old_life(const packet& what, endpoint reply_to, actions& out);
  packet start(packet_kind kind) const;
  void fill(packet& what, identity receiver);
  bool needs_note(identity receiver) const;
  bool misjudges_self(const packet& what) const;
  std::vector<node_id> pick_live(std::size_t count, node_id except);

  member& me() { return members_.at(self_); }
  /// Every change of a member that the digest covers goes through here.
  template <class Edit>
  void amend(member& whom, Edit&& edit) {
    digest_ -= digest_of(whom);
    edit(whom);
    digest_ += digest_of(whom);
  }
  static std::uint64_t digest_of(const member& whom);

  options settings_;
  node_id self_;
  random_source random_;
  counters counters_;

  std::map<node_id, member> members_;
  std::map<node_id, link> links_;
  std::map<node_id, suspicion> suspicions_;  // exactly the members in state suspect
  graveyard graveyard_;
  std::size_t live_ = 1;      // alive and suspect, this node included
  std::uint64_t digest_ = 0;  // sum of digest_of over the live members
  rotation rotation_;         // the others that are, or were lately, live

  int health_ = 0;
  std::optional<probe> probe_;
  std::map<std::uint64_t, relay> relays_;  // by the sequence of this node's own ping
  std::uint64_t next_sequence_;
  int mismatches_ = 0;  // acks in a row whose digest differed

  int looks_left_ = 0;  // quick exchanges still due after joining

  dissemination news_;
  time_point last_gossip_;

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
};

}  // namespace troupe::membership
