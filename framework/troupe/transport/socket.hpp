// The kernel's sockets, opened: addresses in and out, errors as sentences.
#pragma once

#include <vector>

#include <sys/socket.h>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/result.hpp>

namespace troupe::transport {

/// An address in the kernel's form.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};
socket_address to_kernel(const endpoint& where);
endpoint from_kernel(const sockaddr_storage& where);

/// A file descriptor that is closed when it goes out of scope.
class owned_fd {
 public:
  explicit owned_fd(int fd = -1) : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {}
  owned_fd& operator=(owned_fd&& other) noexcept;
  ~owned_fd();
  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

/// A TCP socket and a UDP socket on one and the same port: a free one where `where.port` is 0.
struct listening_sockets {
  owned_fd tcp;
  owned_fd udp;
  endpoint bound;
};
/// Errors: already_exists for a port in use, invalid_argument for an address that is not this machine's,
/// each naming the address and what to do.
result<listening_sockets> listen_on(const endpoint& where);

/// A TCP connection that is being made: writable when it is there or has failed. Errors: unavailable.
result<owned_fd> begin_connect(const endpoint& to);

/// Whether a connection that became writable is there: 0, or the errno of its failure.
int connect_outcome(int fd);

/// The addresses of "host:port", the host being a name or a number. Blocks while names are looked up.
/// Errors: invalid_argument for text that is no address, not_found for a name that does not resolve.
result<std::vector<endpoint>> resolve(std::string_view host_and_port);

/// A sentence for an errno: "Connection refused".
std::string describe_errno(int number);

}  // namespace troupe::transport
