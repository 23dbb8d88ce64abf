// Keys that are told apart by the byte that fills them, and rings of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/crypto/key.hpp>
#include <troupe/crypto/ring.hpp>

namespace troupe::test {

inline crypto::key key_of(std::uint8_t fill) {
  std::array<std::uint8_t, crypto::key::bytes> secret;
  secret.fill(fill);
  return crypto::key(secret);
}

inline crypto::ring ring_of(const std::vector<std::uint8_t>& fills) {
  crypto::ring made;
  for (const auto fill : fills) REQUIRE(made.install(key_of(fill)));
  return made;
}

inline std::string id_of(std::uint8_t fill) { return to_string(key_of(fill).id()); }

}  // namespace troupe::test
