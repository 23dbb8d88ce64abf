// Where a node listens: an IPv4 or IPv6 address and a port, the same for TCP and UDP.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <troupe/base/result.hpp>

namespace troupe {

/// IPv4 addresses are kept as IPv4-mapped IPv6 (::ffff:a.b.c.d), so that one form compares and travels.
struct endpoint {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;

  bool is_v4() const;
  /// True for 0.0.0.0 and [::]: may be listened on, cannot be dialled.
  bool is_unspecified() const;
  explicit operator bool() const { return port != 0; }

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// Reads "127.0.0.1:7000" and "[::1]:7000"; a numeric address only. Errors: invalid_argument with the text.
result<endpoint> parse_endpoint(std::string_view text);

/// The same forms.
std::string to_string(const endpoint& where);

/// "host:port" taken apart, for names that have to be resolved. Errors: invalid_argument with the text.
struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};
result<host_and_port> split_host_port(std::string_view text);

}  // namespace troupe
