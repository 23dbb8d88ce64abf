#include <cerrno>

#include <sys/socket.h>

#include <troupe/transport/stream.hpp>

namespace troupe::transport {

namespace {

io_result outcome_of(ssize_t transferred) {
  using status = io_result::status;
  if (transferred >= 0) return {status::ok, static_cast<std::size_t>(transferred), 0};
  if (errno == EAGAIN || errno == EINTR) return {status::would_block, 0, 0};
  return {status::failed, 0, errno};
}

class tcp_stream final : public stream {
 public:
  explicit tcp_stream(int fd) : fd_(fd) {}

  io_result read(std::span<std::byte> into) override {
    auto outcome = outcome_of(::recv(fd_, into.data(), into.size(), 0));
    if (outcome.outcome == io_result::status::ok && outcome.bytes == 0)
      outcome.outcome = io_result::status::closed;
    return outcome;
  }

  io_result write(std::span<const iovec> pieces) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    return outcome_of(::sendmsg(fd_, &message, MSG_NOSIGNAL));
  }

 private:
  int fd_;
};

}  // namespace

std::unique_ptr<stream> make_tcp_stream(int fd) { return std::make_unique<tcp_stream>(fd); }

}  // namespace troupe::transport
