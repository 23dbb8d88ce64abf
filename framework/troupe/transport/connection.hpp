// The bytes of a link: what it reads from and writes to. A link knows frames, a connection knows bytes.
//
// Plain TCP is one (tcp_connection.hpp). One that encrypts fits behind the same verbs: it may want to read
// before it can write and the other way round, may take some time until it is established, and may hold bytes
// that the kernel does not know of any more. The link watches the socket for what a connection wants; a
// connection itself never waits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <sys/uio.h>

namespace troupe::transport {

struct io_result {
  /// `want_read`, `want_write`: nothing is done before the socket is readable, or writable; then the same
  /// call, with the same bytes, is worth another try. `closed`: the peer has shut its side down. `failed`:
  /// for good.
  enum class status { ok, want_read, want_write, closed, failed };
  status outcome = status::ok;
  std::size_t bytes = 0;
};

class connection {
 public:
  virtual ~connection() = default;
  connection() = default;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Until it is `ok` nothing else is called: connecting, handshakes. Called once at the beginning, and again
  /// whenever the socket is as was wanted.
  virtual io_result establish() = 0;
  /// `into` is not empty.
  virtual io_result read(std::span<std::byte> into) = 0;
  /// May take less than all. What it took has left, or leaves without a further call.
  virtual io_result write(std::span<const iovec> pieces) = 0;
  /// Whether bytes wait to be read that the socket will not become readable for.
  virtual bool holds_bytes() const { return false; }
  /// Last words to the peer, where the protocol has any. One try.
  virtual void say_goodbye() {}
  /// What made it fail, as a sentence without a full stop.
  virtual std::string problem() const = 0;
};

}  // namespace troupe::transport
