// Plain TCP: the bytes as they are, one system call a verb.
#pragma once

#include <troupe/transport/connection.hpp>

namespace troupe::transport {

class tcp_connection final : public connection {
 public:
  enum class state { connecting, connected };

  /// `fd` is non-blocking, and stays its owner's.
  tcp_connection(int fd, state now) : fd_(fd), now_(now) {}

  io_result establish() override;
  io_result read(std::span<std::byte> into) override;
  io_result write(std::span<const iovec> pieces) override;
  std::string problem() const override;

 private:
  io_result outcome_of(ssize_t transferred, io_result::status wanted);

  int fd_;
  state now_;
  bool waited_ = false;  // for the connection
  int errno_ = 0;        // of the failure
};

}  // namespace troupe::transport
