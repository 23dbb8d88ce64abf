#include "free_ports.hpp"

#include <fstream>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::local {

namespace {

constexpr std::uint32_t lowest = 10'000;  // below live the services that have a name

/// One past the last port to choose.
std::uint32_t ephemeral_begin() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  std::uint32_t begin = 0;
  if (!(file >> begin)) begin = 32'768;
  return begin > lowest + 2'000 ? begin : 65'536;
}

bool is_free(int type, std::uint16_t port) {
  const auto tried = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (tried < 0) return false;
  // As a node does it: connections of an ended process that linger do not count.
  const int on = 1;
  if (type == SOCK_STREAM) ::setsockopt(tried, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = ::bind(tried, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
                     (type != SOCK_STREAM || ::listen(tried, 1) == 0);
  ::close(tried);
  return bound;
}

}  // namespace

result<std::vector<std::uint16_t>> find_free_ports(std::size_t count) {
  const auto end = ephemeral_begin();
  const auto range = end - lowest;
  std::random_device entropy;
  const auto first = entropy() % range;
  std::vector<std::uint16_t> found;
  for (std::uint32_t step = 0; step < range && found.size() < count; ++step) {
    const auto port = static_cast<std::uint16_t>(lowest + (first + step) % range);
    if (is_free(SOCK_STREAM, port) && is_free(SOCK_DGRAM, port)) found.push_back(port);
  }
  if (found.size() < count)
    return error{code::resource_exhausted, "only " + std::to_string(found.size()) + " of " +
                                               std::to_string(count) + " ports of 127.0.0.1 from " +
                                               std::to_string(lowest) + " to " + std::to_string(end - 1) +
                                               " are free"};
  return found;
}

}  // namespace troupe::local
