// What can be tuned in the membership state machine. What each option is, and its bounds, stands in `list`;
// here is what raising it does and where its number comes from.
//
// The defaults are memberlist's for a data centre, where not said otherwise. `local()` is for clusters on
// one machine: packets are quick there, and people watch.
#pragma once

#include <cstddef>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

struct options {
  /// Longer saves packets and detects crashes later in proportion. SWIM's and memberlist's 1 s.
  duration probe_period = 1s;

  /// Between these two the timeout adapts to the peer's round trip (smoothed + 4 x deviation, as TCP does,
  /// RFC 6298). A lower ceiling asks others earlier and costs packets, not false deaths: the verdict falls at
  /// the end of the period.
  duration probe_timeout_max = 500ms;
  duration probe_timeout_min = 50ms;

  /// More survive more loss: with a third of all packets lost, 3 of them bring a false suspicion from 56% to
  /// about 9% (SWIM, section 3.1).
  int indirect_probes = 3;

  /// Costs one connection for each ping that was lost. The actor makes it.
  bool stream_pings = true;

  /// With a fifth of all packets lost that makes one suspicion of eight.
  bool adapts_to_loss = true;

  /// A suspicion lasts alpha x max(1, log10 N) periods when as many others agree as `suspicion_confirmations`
  /// says, beta times that when nobody does (Lifeguard, section IV-B). Lower detects faster and cries wolf
  /// more often: Lifeguard's own alpha is 4, but with isolation, trust and three confirmations 2 still buries
  /// nobody on its grid.
  double suspicion_alpha = 2;
  double suspicion_beta = 6;
  int suspicion_confirmations = 3;

  /// A crash is confirmed after two periods, where it would take four until as many happen to probe the
  /// suspect. Costs no packet.
  int suspicion_witnesses = 4;

  /// So ten crashes are one change or two, not ten. It is what detection may be later by then.
  duration verdict_wait = 2s;

  /// Lifeguard's local health multiplier; 8 is the paper's.
  int health_max = 8;

  /// So a node can tell its own trouble from the target's (Lifeguard's nack and buddy system).
  bool nacks = true;
  bool buddies = true;

  /// From health_max on everybody's word counts.
  int trusted_health_max = 2;

  /// More of them are counted and change nothing. An honest accuser probes one peer a period.
  int accusations_max = 8;

  /// See isolation.hpp.
  int isolation_percent = 30;

  /// See loss.hpp.
  int loss_percent = 30;
  int degraded_observers = 3;

  duration gossip_interval = 200ms;
  int gossip_fanout = 3;
  std::size_t gossip_bytes_max = 8192;

  /// Raising it survives more loss for more bytes.
  int retransmit_multiplier = 4;

  /// What was dropped is counted, and the exchange repairs it.
  std::size_t news_max = 4096;

  /// 1,200 is what every IPv6 path carries with tunnels on it (QUIC's figure, RFC 9000, section 14).
  std::size_t packet_bytes_max = 1200;

  /// It repairs what gossip lost; a digest in every ack notices most of that sooner. Where all agree it is
  /// about half a kilobyte, whatever N.
  duration exchange_period = 30s;

  /// Beyond either, whoever asks is told three others to ask: 2,000 nodes that join by one seed are served by
  /// all who have joined before. A second's worth of bytes may be saved up, and the last sync may exceed it.
  int syncs_served_max = 16;
  std::size_t sync_bytes_per_second = std::size_t{2} << 20;

  duration join_retry = 1s;

  int leave_fanout = 4;
  duration leave_limit = 2s;

  /// A joiner beyond it is counted in `dropped_members`.
  std::size_t members_max = 10'000;

  /// Tombstones keep old news of forgotten members from being believed. About 100 bytes each. Where more
  /// nodes come and go than fit in half a minute, some who are gone are taken for new ones, until a probe
  /// finds out.
  std::size_t graves_max = 10'000;

  /// A document that does not fit into a packet travels by stream, so larger ones spread slower.
  std::size_t registration_bytes_max = 8192;

  /// Afterwards only its tombstone is left: a partition that lasts longer heals by the seeds only. Serf's
  /// reconnect timeout.
  duration dead_kept_for = 24h;

  bool healing = true;

  /// Without them the periodic exchange finds the difference.
  bool digests = true;

  /// The first of a batch is told at once. Joins and changes never wait.
  duration event_interval = 100ms;

  duration restate_interval = 1s;

  /// For clusters on one machine: crashes are known within about 2 s, at a few packets a second.
  static options local();

  /// To compare like with like: SWIM as in the paper (section 4), with a fixed suspicion timeout of
  /// `suspicion_alpha` x log10 N periods and nothing of Lifeguard or of what is new here.
  static options swim();
  /// memberlist 0.5's and serf's, Lifeguard whole, and nothing of what is new here.
  static options memberlist();

  static option_list<options> list();
  /// Errors: invalid_argument, naming the option, its value and its bounds.
  result<void> validate() const;

  friend bool operator==(const options&, const options&) = default;
};

}  // namespace troupe::membership
