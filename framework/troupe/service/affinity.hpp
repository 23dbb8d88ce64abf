// The hash of an affinity key: equal keys, equal hashes, whoever computes it (a generated stub or a
// caller that works by reflection), on every machine.
#pragma once

#include <cstdint>
#include <type_traits>

#include <capnp/blob.h>

#include <troupe/base/hash.hpp>

namespace troupe {

/// Integers, Bool and enums, by value: 5 as UInt8 and 5 as Int64 are equal keys.
template <class T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) std::uint64_t affinity_of(T key) {
  return mix(static_cast<std::uint64_t>(key) + 0x9e3779b97f4a7c15ULL);
}

/// Text and Data, by their bytes.
inline std::uint64_t affinity_of(capnp::Text::Reader key) { return hash_of(key.begin(), key.size()); }
inline std::uint64_t affinity_of(capnp::Data::Reader key) { return hash_of(key.begin(), key.size()); }

}  // namespace troupe
