#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include <troupe/base/endpoint.hpp>

namespace troupe {

namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

error bad_endpoint(std::string_view text) {
  return {
      code::invalid_argument,
      "'" + std::string(text) + "' is not an address: write HOST:PORT, such as 127.0.0.1:7000 or [::1]:7000"};
}

}  // namespace

bool endpoint::is_v4() const { return std::equal(v4_prefix.begin(), v4_prefix.end(), address.begin()); }

bool endpoint::is_unspecified() const {
  const auto zero = [](std::uint8_t byte) { return byte == 0; };
  return std::all_of(address.begin() + 12, address.end(), zero) &&
         (is_v4() || std::all_of(address.begin(), address.end(), zero));
}

result<host_and_port> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_endpoint(text);
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return bad_endpoint(text);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return bad_endpoint(text);
  // The system's calls take the host as a C string, and would stop at a zero byte.
  if (host.empty() || host.find('\0') != std::string_view::npos) return bad_endpoint(text);
  return host_and_port{std::string(host), port};
}

result<endpoint> parse_endpoint(std::string_view text) {
  auto parts = split_host_port(text);
  if (!parts) return parts.error();
  endpoint where;
  where.port = parts->port;
  in_addr v4{};
  if (inet_pton(AF_INET, parts->host.c_str(), &v4) == 1) {
    std::copy(v4_prefix.begin(), v4_prefix.end(), where.address.begin());
    std::memcpy(where.address.data() + 12, &v4, 4);
    return where;
  }
  if (inet_pton(AF_INET6, parts->host.c_str(), where.address.data()) == 1) return where;
  return bad_endpoint(text);
}

std::string to_string(const endpoint& where) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (where.is_v4()) {
    inet_ntop(AF_INET, where.address.data() + 12, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(where.port);
  }
  inet_ntop(AF_INET6, where.address.data(), text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + std::to_string(where.port);
}

}  // namespace troupe
