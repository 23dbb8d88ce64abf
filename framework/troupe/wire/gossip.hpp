// Membership's packets and snapshots <-> bytes. idl/troupe/gossip.capnp is the specification.
//
// The bytes come from anybody who can reach the port. Decoding never throws, reads no further than the
// bytes, allocates in proportion to them, and gives either a value within all bounds or an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::wire {

/// What every packet and snapshot carries, so that clusters which share a network do not merge.
std::uint64_t cluster_hash(std::string_view cluster);

/// Longest snapshot that is decoded, in bytes.
inline constexpr std::size_t snapshot_bytes_max = std::size_t{64} << 20;

/// At most `membership::packet_overhead_bytes` plus the updates' `membership::size_bound`.
std::vector<std::byte> encode(const membership::packet& what, std::uint64_t cluster);
std::vector<std::byte> encode(const membership::snapshot& what, std::uint64_t cluster);

/// Errors: permission_denied for another cluster's; unimplemented for another protocol version's;
/// resource_exhausted beyond `snapshot_bytes_max`, or 64 KiB for a packet; invalid_argument for bytes that
/// are no such message, or exceed a bound of it.
result<membership::packet> decode_packet(std::span<const std::byte> bytes, std::uint64_t cluster);
result<membership::snapshot> decode_snapshot(std::span<const std::byte> bytes, std::uint64_t cluster);

}  // namespace troupe::wire
