// One secret of a cluster: 256 random bits, written as base64, named by an id that follows from it.
//
// The id is made of the key, so nobody has to agree on numbers, and nothing about the key follows from it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <troupe/base/result.hpp>

namespace troupe::crypto {

/// 32 bits: enough to tell the few keys of a ring apart, which is all that it is for.
struct key_id {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(const key_id&, const key_id&) = default;
};
/// Eight hexadecimal digits.
std::string to_string(key_id id);
std::optional<key_id> parse_key_id(std::string_view text);

class key {
 public:
  static constexpr std::size_t bytes = 32;

  explicit key(const std::array<std::uint8_t, bytes>& secret) : secret_(secret) {}
  key(const key&) = default;
  key& operator=(const key&) = default;
  /// Wipes it from memory.
  ~key();

  /// From the system's random source.
  static key generate();
  /// 44 characters of base64. Errors: invalid_argument, which does not repeat the text.
  static result<key> parse(std::string_view text);

  std::string to_text() const;
  key_id id() const;
  const std::array<std::uint8_t, bytes>& secret() const { return secret_; }

  friend bool operator==(const key&, const key&) = default;

 private:
  std::array<std::uint8_t, bytes> secret_;
};

/// From the system's random source; the process ends where there is none.
void fill_randomly(std::uint8_t* first, std::size_t count);

}  // namespace troupe::crypto
