#include <xxhash.h>

#include <troupe/base/hash.hpp>

namespace troupe {

std::uint64_t hash_of(const void* data, std::size_t size, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

}  // namespace troupe
