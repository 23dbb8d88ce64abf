// Membership's packets and syncs <-> bytes. idl/troupe/gossip.capnp is the specification.
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
#include <troupe/membership/sync.hpp>

namespace troupe::wire {

/// What every message carries, so that clusters which share a network do not merge.
std::uint64_t cluster_hash(std::string_view cluster);

/// At most `membership::packet_overhead_bytes` plus the updates' `membership::size_bound`; and at most the
/// sync message's `membership::size_bound`.
std::vector<std::byte> encode(const membership::packet& what, std::uint64_t cluster);
std::vector<std::byte> encode(const membership::sync_message& what, std::uint64_t cluster);

/// Errors: permission_denied for another cluster's; unimplemented for another protocol version's;
/// resource_exhausted beyond `membership::sync_message_bytes_max`, or 64 KiB for a packet; invalid_argument
/// for bytes that are no such message, or exceed a bound of it.
result<membership::packet> decode_packet(std::span<const std::byte> bytes, std::uint64_t cluster);
result<membership::sync_message> decode_sync(std::span<const std::byte> bytes, std::uint64_t cluster);

}  // namespace troupe::wire
