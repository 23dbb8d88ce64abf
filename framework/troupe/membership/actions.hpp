// What a core wants done, and what it has counted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <troupe/membership/member.hpp>
#include <troupe/membership/message.hpp>

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

  void clear() {
    packets.clear();
    stream_pings.clear();
    syncs.clear();
    events.clear();
    notes.clear();
  }
};

/// Since the core began. The part that a line is about counts it.
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

}  // namespace troupe::membership
