#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include <troupe/transport/socket.hpp>
#include <troupe/transport/tcp_connection.hpp>

namespace troupe::transport {

using status = io_result::status;

io_result tcp_connection::establish() {
  if (now_ == state::connected) return {};
  // A connection that is being made becomes writable when it is there or has failed.
  if (!std::exchange(waited_, true)) return {status::want_write};
  errno_ = connect_outcome(fd_);
  if (errno_ != 0) return {status::failed};
  now_ = state::connected;
  return {};
}

io_result tcp_connection::read(std::span<std::byte> into) {
  auto got = outcome_of(::recv(fd_, into.data(), into.size(), 0), status::want_read);
  if (got.outcome == status::ok && got.bytes == 0) got.outcome = status::closed;
  return got;
}

io_result tcp_connection::write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return outcome_of(::sendmsg(fd_, &message, MSG_NOSIGNAL), status::want_write);
}

io_result tcp_connection::outcome_of(ssize_t transferred, status wanted) {
  if (transferred >= 0) return {status::ok, static_cast<std::size_t>(transferred)};
  if (errno == EAGAIN || errno == EINTR) return {wanted};
  errno_ = errno;
  return {status::failed};
}

std::string tcp_connection::problem() const {
  return (now_ == state::connected ? "connection lost: " : "") + describe_errno(errno_);
}

}  // namespace troupe::transport
