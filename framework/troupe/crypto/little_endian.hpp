// Numbers in sealed messages: the lowest byte first.
#pragma once

#include <cstddef>

namespace troupe::crypto {

/// To the first `sizeof value` bytes at `to`.
template <class Number>
void put(std::byte* to, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<std::byte>(value >> 8 * i);
}

template <class Number>
Number get(const std::byte* from) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value |= std::to_integer<Number>(from[i]) << 8 * i;
  return value;
}

}  // namespace troupe::crypto
