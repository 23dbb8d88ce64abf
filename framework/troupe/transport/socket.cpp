#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <troupe/transport/socket.hpp>

namespace troupe::transport {

namespace {

error listen_error(const endpoint& where, int number) {
  if (number == EADDRINUSE)
    return {code::already_exists, to_string(where) +
                                      " is in use by another program: stop that program, or listen on "
                                      "another port (0 picks a free one)"};
  if (number == EADDRNOTAVAIL)
    return {code::invalid_argument, to_string(where) +
                                        " is not an address of this machine: listen on one that is, or "
                                        "on 127.0.0.1"};
  return {code::unavailable, "cannot listen on " + to_string(where) + ": " + describe_errno(number)};
}

result<owned_fd> bound_socket(int type, const endpoint& where) {
  const auto address = to_kernel(where);
  owned_fd fd(::socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return listen_error(where, errno);
  const int yes = 1;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(fd.get(), address.get(), address.size) != 0) return listen_error(where, errno);
  return fd;
}

result<endpoint> local_endpoint(int fd) {
  socket_address address;
  address.size = sizeof address.storage;
  if (::getsockname(fd, address.get(), &address.size) != 0)
    return error{code::internal, describe_errno(errno)};
  return from_kernel(address.storage);
}

// A free TCP port may be taken on UDP by somebody else: then another one is tried.
constexpr int free_port_attempts = 16;

}  // namespace

socket_address to_kernel(const endpoint& where) {
  socket_address kernel;
  if (where.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(where.port);
    std::memcpy(&v4.sin_addr, where.address.data() + 12, 4);
    std::memcpy(&kernel.storage, &v4, sizeof v4);
    kernel.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(where.port);
    std::memcpy(&v6.sin6_addr, where.address.data(), 16);
    std::memcpy(&kernel.storage, &v6, sizeof v6);
    kernel.size = sizeof v6;
  }
  return kernel;
}

endpoint from_kernel(const sockaddr_storage& where) {
  endpoint found;
  if (where.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &where, sizeof v4);
    found.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(found.address.data() + 12, &v4.sin_addr, 4);
    found.port = ntohs(v4.sin_port);
  } else if (where.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &where, sizeof v6);
    std::memcpy(found.address.data(), &v6.sin6_addr, 16);
    found.port = ntohs(v6.sin6_port);
  }
  return found;
}

owned_fd& owned_fd::operator=(owned_fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

owned_fd::~owned_fd() {
  if (fd_ >= 0) ::close(fd_);
}

int owned_fd::release() { return std::exchange(fd_, -1); }

result<listening_sockets> listen_on(const endpoint& where) {
  for (int attempt = 1;; ++attempt) {
    auto tcp = bound_socket(SOCK_STREAM, where);
    if (!tcp) return tcp.error();
    if (::listen(tcp->get(), SOMAXCONN) != 0) return listen_error(where, errno);
    const auto bound = local_endpoint(tcp->get());
    if (!bound) return bound.error();
    auto udp = bound_socket(SOCK_DGRAM, *bound);
    if (udp) return listening_sockets{std::move(*tcp), std::move(*udp), *bound};
    if (where.port != 0 || attempt == free_port_attempts) return udp.error();
  }
}

result<owned_fd> begin_connect(const endpoint& to) {
  const auto address = to_kernel(to);
  owned_fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0)
    return error{code::unavailable, "no socket for " + to_string(to) + ": " + describe_errno(errno)};
  if (::connect(fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS)
    return error{code::unavailable, to_string(to) + ": " + describe_errno(errno)};
  return fd;
}

int connect_outcome(int fd) {
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) return errno;
  return number;
}

result<std::vector<endpoint>> resolve(std::string_view host_and_port) {
  const auto parts = split_host_port(host_and_port);
  if (!parts) return parts.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failure = ::getaddrinfo(parts->host.c_str(), nullptr, &hints, &list);
  if (failure != 0)
    return error{code::not_found,
                 "the host '" + parts->host + "' does not resolve: " + ::gai_strerror(failure)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  std::vector<endpoint> found;
  for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ai_addr, entry->ai_addrlen);
    auto where = from_kernel(storage);
    where.port = parts->port;
    found.push_back(where);
  }
  return found;
}

std::string describe_errno(int number) { return std::error_code(number, std::system_category()).message(); }

}  // namespace troupe::transport
