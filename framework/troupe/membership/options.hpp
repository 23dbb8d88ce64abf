// What can be tuned in the membership state machine, with bounds and where each number comes from.
//
// The defaults are memberlist's for a data centre, where not said otherwise. `local()` is for clusters on
// one machine: packets are quick there, and people watch.
#pragma once

#include <cstddef>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

struct options {
  /// One peer is probed per period, so each node is probed about once per period by somebody. Longer saves
  /// packets and detects crashes later in proportion. 50 ms to 1 min; SWIM's and memberlist's 1 s.
  duration probe_period = 1s;

  /// How long a direct ping may take before others are asked to try. Adapts to the peer's round trip
  /// (smoothed + 4 x deviation, as TCP does, RFC 6298) between these two. A lower ceiling asks earlier and
  /// costs packets, not false deaths: the verdict falls at the end of the period. The ceiling is at most
  /// three quarters of the period, the floor at least 1 ms.
  duration probe_timeout_max = 500ms;
  duration probe_timeout_min = 50ms;

  /// Peers asked to ping in this node's place. 0 to 16. More survive more loss: with a third of all packets
  /// lost, 3 of them bring a false suspicion from 56% to about 9% (SWIM, section 3.1).
  int indirect_probes = 3;

  /// Whoever's ping goes unanswered is tried over a stream as well (the actor does it): it tells a dead
  /// process from a network that loses packets. One connection for each ping that was lost.
  bool stream_pings = true;

  /// Where a node's own pings get lost as a rule, it pings whoever did not answer again until the period is
  /// over, and tells its news more often. With a fifth of all packets lost that makes one suspicion of eight.
  bool adapts_to_loss = true;

  /// A suspicion lasts alpha x max(1, log10 N) periods when `suspicion_confirmations` others agree, beta
  /// times that when nobody does (Lifeguard, section IV-B). Lower detects faster and cries wolf more often:
  /// Lifeguard's own alpha is 4, but with isolation, trust and three confirmations 2 still buries nobody on
  /// its grid. 1 to 16; 1 to 16; 0 to 16.
  double suspicion_alpha = 2;
  double suspicion_beta = 6;
  int suspicion_confirmations = 3;

  /// About so many of those who hear of a suspicion probe the suspect next instead of whoever's turn it is: a
  /// crash is confirmed after two periods, where it would take four until as many happen to probe it. Costs
  /// no packet. 0 to 16.
  int suspicion_witnesses = 4;

  /// A suspicion whose time is up waits this long for others that are nearly due, and the news of a death for
  /// others that several suspect, so that ten crashes are one change or two, not ten. It is what detection
  /// may be later by then. 0 to 1 min.
  duration verdict_wait = 2s;

  /// Lifeguard's local health multiplier: a node that doubts itself slows its probes down by up to
  /// 1 + health_max. 0 switches it off; at most 32; 8 is the paper's.
  int health_max = 8;

  /// Helpers say when they got no answer, so that a node can tell its own trouble from the target's; and a
  /// suspect hears of it first (Lifeguard's nack and buddy system).
  bool nacks = true;
  bool buddies = true;

  /// An accuser whose own health is worse neither confirms a suspicion nor kills. 0 to 32; from health_max on
  /// everybody's word counts.
  int trusted_health_max = 2;

  /// New suspicions that one accuser may raise here within a period; more of them are counted and change
  /// nothing. An honest one probes one peer a period. 0 to 1,000; 0: no limit.
  int accusations_max = 8;

  /// A node that reaches fewer than this many percent of the last targets that it probed takes itself for
  /// isolated (isolation.hpp). 0 to 90; 0 switches that off, and the roll call.
  int isolation_percent = 30;

  /// A node that sees this share of its pings to a peer lost, in percent, says so; a peer of whom
  /// `degraded_observers` others say it is degraded (loss.hpp). 5 to 95; 0 to 16, 0 switches it off.
  int loss_percent = 30;
  int degraded_observers = 3;

  /// While there is news, it goes to `gossip_fanout` random peers per interval. 10 ms to 10 s; 1 to 16.
  duration gossip_interval = 200ms;
  int gossip_fanout = 3;

  /// Most bytes of gossip packets sent per interval; what rides on pings and acks comes on top. 512 to 1 MiB.
  std::size_t gossip_bytes_max = 8192;

  /// Each update is sent retransmit_multiplier x log10(N + 1) times, rounded up, by each node that learns of
  /// it. Raising it survives more loss for more bytes. 1 to 16.
  int retransmit_multiplier = 4;

  /// Most members that there is news of at once; beyond it the least urgent is dropped, and counted. The
  /// exchange repairs it. 16 to 100,000.
  std::size_t news_max = 4096;

  /// A packet's size in bytes, so that it is never fragmented. 512 to 65,000; 1,200 is what every IPv6 path
  /// carries with tunnels on it (QUIC's figure, RFC 9000, section 14).
  std::size_t packet_bytes_max = 1200;

  /// A sync over a stream with one random peer this often. It repairs what gossip lost; a digest in every ack
  /// notices most of that sooner. Where all agree it is about half a kilobyte, whatever N. 1 s to 1 h.
  duration exchange_period = 30s;

  /// Syncs served at once, and the bytes told in them per second (a second's worth may be saved up, and the
  /// last one may exceed it). Beyond either, whoever asks is told three others to ask: 2,000 nodes that join
  /// by one seed are served by all who have joined before. 1 to 1,024; 64 KiB to 1 GiB.
  int syncs_served_max = 16;
  std::size_t sync_bytes_per_second = std::size_t{2} << 20;

  /// How often the seeds are asked again until one has answered, with a quarter of jitter. 10 ms to 1 min.
  duration join_retry = 1s;

  /// A leave is repeated until this many peers have acknowledged it, or the limit has passed. 1 to 64; 100 ms
  /// to 1 min.
  int leave_fanout = 4;
  duration leave_limit = 2s;

  /// Most members known at once, the dead included. A joiner beyond it is counted in `dropped_members` and
  /// not seen. 2 to 100,000.
  std::size_t members_max = 10'000;

  /// Most tombstones: of forgotten members, so that old news of them is not believed. About 100 bytes each;
  /// the oldest goes first. Where more nodes come and go than fit in half a minute, some who are gone are
  /// taken for new ones, until a probe finds out. 2 to 1,000,000.
  std::size_t graves_max = 10'000;

  /// Most bytes of one node's registration, encoded. A document that does not fit into a packet travels by
  /// stream, so larger ones spread slower. 256 to 65,536.
  std::size_t registration_bytes_max = 8192;

  /// How long a dead member is shown, and tried again. Afterwards only its tombstone is left: a partition
  /// that lasts longer heals by the seeds only. 1 s to 24 h; serf's reconnect timeout.
  duration dead_kept_for = 24h;

  /// Dead members and seeds are tried now and then, so that what was split finds together.
  bool healing = true;

  /// Digests in acks find a difference that gossip left within seconds. Without them the periodic exchange
  /// does.
  bool digests = true;

  /// Suspicions, refutations, deaths and leaves are told to the router in batches: the first at once, the
  /// next after this long. Joins and changes never wait. 0 to 10 s; 0: nothing does.
  duration event_interval = 100ms;
  /// How often a node may change what it says of its workers' lag and of the loss that it sees. 100 ms to 1
  /// min.
  duration restate_interval = 1s;

  /// For clusters on one machine: crashes are known within about 2 s, at a few packets a second.
  static options local();

  /// To compare like with like: SWIM as in the paper (section 4), with a fixed suspicion timeout of
  /// `suspicion_alpha` x log10 N periods and nothing of Lifeguard or of what is new here.
  static options swim();
  /// memberlist 0.5's and serf's, Lifeguard whole, and nothing of what is new here.
  static options memberlist();

  /// Errors: invalid_argument, naming the field, its value and its bounds.
  result<void> validate() const;

  friend bool operator==(const options&, const options&) = default;
};

}  // namespace troupe::membership
