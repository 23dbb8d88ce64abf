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

  /// A suspicion lasts alpha x max(1, log10 N) periods when enough others agree, beta times that when nobody
  /// does (Lifeguard, section IV-B). Lower detects faster and cries wolf more often. 1 to 16; 1 to 16.
  int suspicion_alpha = 4;
  int suspicion_beta = 6;

  /// While there is news, it goes to `gossip_fanout` random peers per interval. 10 ms to 10 s; 1 to 16.
  duration gossip_interval = 200ms;
  int gossip_fanout = 3;

  /// Each update is sent retransmit_multiplier x ceil(log10(N + 1)) times by each node that learns of it.
  /// Raising it survives more loss for more bytes. 1 to 16.
  int retransmit_multiplier = 4;

  /// A packet's size in bytes, so that it is never fragmented. 512 to 65,000; 1,200 is what every IPv6 path
  /// carries with tunnels on it (QUIC's figure, RFC 9000, section 14).
  std::size_t packet_bytes_max = 1200;

  /// Everything is exchanged over a stream with one random peer this often (rarer beyond 32 nodes, by
  /// log2). It repairs what gossip lost; a digest in every ack notices most of that sooner. 1 s to 1 h.
  duration exchange_period = 30s;

  /// How often the seeds are asked again until one has answered, with a quarter of jitter. 10 ms to 1 min.
  duration join_retry = 1s;

  /// Peers that are told at once when this node leaves. 1 to 64. Loss of all of them makes the leave look
  /// like a crash: at 20% loss and 4 peers, once in 600.
  int leave_fanout = 4;

  /// Most members known at once, the dead included; the same number of tombstones. A joiner beyond it is
  /// counted in `dropped_members` and not seen. 2 to 100,000.
  std::size_t members_max = 10'000;

  /// Most bytes of one node's registration, encoded. A document that does not fit into a packet travels by
  /// stream, so larger ones spread slower. 256 to 65,536.
  std::size_t registration_bytes_max = 8192;

  /// How long a dead member is shown, and tried again. Afterwards only its tombstone is left: a partition
  /// that lasts longer heals by the seeds only. 1 s to 24 h; serf's reconnect timeout.
  duration dead_kept_for = 24h;

  /// Lifeguard's local health multiplier: a node that doubts itself slows its probes down by up to
  /// 1 + health_max. 0 switches it off; at most 32; 8 is the paper's.
  int health_max = 8;

  /// For clusters on one machine: crashes are known within about 2 s, at a few packets a second.
  static options local();

  /// Errors: invalid_argument, naming the field, its value and its bounds.
  result<void> validate() const;

  friend bool operator==(const options&, const options&) = default;
};

}  // namespace troupe::membership
