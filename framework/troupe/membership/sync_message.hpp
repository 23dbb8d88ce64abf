// What is said in a sync, as plain values. sync.hpp has the protocol, wire/gossip.hpp turns them into bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/settled_sums.hpp>

namespace troupe::membership {

enum class sync_kind : std::uint8_t {
  open,  // the initiator's first
  turn,  // everything after it
  busy,  // instead of the first turn: ask one of `others`
  ping,  // instead of open: are you there?
  pong,
};

/// One message of a session. Unused fields are empty or zero. At most `sync_message_bytes_max` by
/// `size_bound`.
struct sync_message {
  sync_kind kind = sync_kind::turn;
  identity from;              // nobody, for an observer: it asks and has nothing to say
  identity target;            // ping: who must answer
  std::uint8_t bits = 0;      // open: 2^bits buckets
  std::uint32_t members = 0;  // open: how many the initiator knows, all states
  std::uint64_t digest = 0;   // open: the sum over everybody

  /// Sums of ranges, of 2^level: all of them in `open`, those in ranges that differ in the first turn.
  struct range_sum {
    std::uint16_t range = 0;
    std::uint64_t sum = 0;
    friend bool operator==(const range_sum&, const range_sum&) = default;
  };
  std::uint8_t sums_level = 0;
  std::vector<range_sum> sums;

  /// `digests` has everybody whom the sender knows in the ranges `covered`, of 2^level, and maybe others.
  std::uint8_t covered_level = 0;
  std::vector<std::uint16_t> covered;
  std::vector<sync_digest> digests;

  /// Whose fact is asked for, and the version of the document that the asker holds already.
  struct want {
    node_id node;
    std::uint64_t version = 0;
    friend bool operator==(const want&, const want&) = default;
  };
  std::vector<want> wants;
  std::vector<update> facts;
  std::vector<sync_digest> tombstones;  // who is dead or has left, where the other lacks nothing but that
  std::vector<endpoint> others;         // busy: members that may have time
  bool more = false;                    // turn: the sender has more to say, and waits for its turn

  friend bool operator==(const sync_message&, const sync_message&) = default;
};

/// What the parts take on the wire, in bytes (idl/troupe/gossip.capnp): exact for the structs, rounded up for
/// the lists. The overhead is framing, 8 words of data, 8 pointers, list tags, and rounding.
inline constexpr std::size_t sync_message_overhead_bytes = 200;
inline constexpr std::size_t sync_digest_bytes = 40;
inline constexpr std::size_t sync_want_bytes = 16;
inline constexpr std::size_t sync_sum_bytes = 10;
inline constexpr std::size_t sync_range_bytes = 2;
inline constexpr std::size_t sync_address_bytes = 24;
/// Upper bound of what it takes, in bytes.
std::size_t size_bound(const sync_message& what);

inline constexpr std::size_t sync_message_bytes_max = 256 << 10;
inline constexpr std::size_t sync_others_max = 8;

}  // namespace troupe::membership
