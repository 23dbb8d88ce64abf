// What a link reads from and writes to. Plain TCP today; TLS fits behind the same two verbs.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <sys/uio.h>

namespace troupe::transport {

struct io_result {
  enum class status { ok, would_block, closed, failed };
  status outcome = status::ok;
  std::size_t bytes = 0;
  int error = 0;  // errno of `failed`
};

class stream {
 public:
  virtual ~stream() = default;
  /// At most one system call. `closed` when the peer has shut its side down.
  virtual io_result read(std::span<std::byte> into) = 0;
  /// At most one system call; may take less than all.
  virtual io_result write(std::span<const iovec> pieces) = 0;
};

/// `fd` is connected (or being connected), non-blocking, and stays its owner's.
std::unique_ptr<stream> make_tcp_stream(int fd);

}  // namespace troupe::transport
