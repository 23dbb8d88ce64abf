// One hash for everything that must agree between nodes: rings, affinity keys, node ids. XXH3, 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

/// XXH3-64 of the bytes. The same on every machine and in every version of the library.
std::uint64_t hash_of(const void* data, std::size_t size, std::uint64_t seed = 0);

inline std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0) {
  return hash_of(text.data(), text.size(), seed);
}

/// Not for a literal and a number: it would read the number as a size. Say std::string_view("...").
template <std::size_t N>
std::uint64_t hash_of(const char (&literal)[N], std::uint64_t number) = delete;

/// A bijective mix of 64 bits (splitmix64's finaliser): integers into hashes.
constexpr std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace troupe
