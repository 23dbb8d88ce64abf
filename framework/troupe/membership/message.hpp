// What membership knows and says, as plain values. wire/gossip.hpp turns them into bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>

namespace troupe::membership {

/// What the others believe of a node. The order is the precedence at equal (epoch, incarnation):
/// the higher rank overrides. `left` is final in its epoch; `dead` is refuted only by its owner.
enum class state : std::uint8_t { alive = 0, suspect = 1, dead = 2, left = 3 };

/// What a node says of itself. Written by its owner only.
enum class mode : std::uint8_t { joining = 0, ready = 1, draining = 2 };

std::string_view to_string(state value);
std::string_view to_string(mode value);

/// One service that a node serves.
struct service_entry {
  std::string name;                // "shop.Cart"; 1 to 128 bytes
  std::uint64_t interface_id = 0;  // Cap'n Proto's id of the interface
  std::uint32_t weight = 100;      // static share for weighted policies; 1 to 10,000
  friend bool operator==(const service_entry&, const service_entry&) = default;
};

/// What a node offers: one document per node, written by its owner, versioned as a whole. A higher
/// version replaces a lower one within an epoch. At most `options::registration_bytes_max` encoded.
struct registration {
  std::uint64_t version = 0;
  std::string zone;  // empty: unknown
  std::vector<service_entry> services;
  friend bool operator==(const registration&, const registration&) = default;
};

/// What a node says of itself and seldom changes. Never changed once made, so that all who carry it share it.
struct attributes {
  std::string name;  // 1 to 64 bytes, unique in the cluster
  endpoint address;
  std::vector<node_id> lossy;  // peers that it sees packets lost to or from; at most `lossy_max`, ascending
  friend bool operator==(const attributes&, const attributes&) = default;
};
std::shared_ptr<const attributes> make_attributes(std::string name, endpoint address,
                                                  std::vector<node_id> lossy = {});

/// One fact about one node, as it travels in gossip and in syncs. Mode, lag and attributes are its
/// owner's, and the same wherever epoch and incarnation are the same.
struct update {
  identity subject;
  std::uint64_t incarnation = 0;
  membership::state state = membership::state::alive;
  membership::mode mode = membership::mode::joining;
  std::uint8_t worker_lag = 0;      // how far its dispatcher lags: 0 (not at all) to `worker_lag_max`
  std::uint8_t accuser_health = 0;  // the accuser's local health when it said so: 0 is healthy
  node_id accuser;                  // who says so; 0 unless state is suspect or dead
  std::shared_ptr<const attributes> who;
  std::uint64_t registration_version = 0;
  std::shared_ptr<const registration> document;  // null where the receiver is likely to have it

  /// Compares what the pointers point to.
  friend bool operator==(const update& one, const update& other);
};

enum class packet_kind : std::uint8_t { ping = 0, ping_request = 1, ack = 2, nack = 3, gossip = 4 };

/// One UDP packet. Unused fields are zero.
struct packet {
  packet_kind kind = packet_kind::gossip;
  identity from;
  endpoint from_address;        // where `from` listens: the UDP source may be another socket
  std::uint64_t sequence = 0;   // ping, ping_request, ack, nack: chosen by whoever pings first
  identity target;              // ping, ping_request: who must answer
  endpoint target_address;      // ping_request: where the target listens
  std::uint64_t digest = 0;     // ping, ack: order-independent hash of what the sender holds settled
  std::vector<update> updates;  // piggybacked
  identity receiver;  // whom it is for; not in the packet, but what seals it binds it to its receiver
};

/// Bounds of one value on the wire; the codec refuses what is beyond them.
inline constexpr std::size_t node_name_bytes_max = 64;
inline constexpr std::size_t service_name_bytes_max = 128;
inline constexpr std::size_t zone_bytes_max = 64;
inline constexpr std::size_t services_max = 1024;
inline constexpr std::uint32_t weight_max = 10'000;
inline constexpr std::uint8_t worker_lag_max = 3;
inline constexpr std::size_t lossy_max = 8;

/// Upper bounds of what a value takes on the wire, in bytes (idl/troupe/gossip.capnp). A packet takes at
/// most `packet_overhead_bytes` and the sum over its updates.
inline constexpr std::size_t packet_overhead_bytes = 128;
std::size_t size_bound(const registration& document);
std::size_t size_bound(const update& what);
std::size_t size_bound(const packet& what);

/// True when all lengths and numbers of a document are within the bounds above.
bool is_sensible(const registration& document);
bool is_sensible(const attributes& what);

}  // namespace troupe::membership
