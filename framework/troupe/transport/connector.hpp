// The only maker of links: dials, and adopts what a listener accepted.
//
// What every link of a node has in common is decided here: the limits, and the connection that its bytes go
// through.
#pragma once

#include <functional>
#include <memory>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/result.hpp>
#include <troupe/transport/connection.hpp>
#include <troupe/transport/event_loop.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/link_limits.hpp>
#include <troupe/transport/socket.hpp>

namespace troupe::transport {

/// Which end of a connection this is.
enum class side { dialling, accepting };

class connector {
 public:
  /// Makes what a link's bytes go through. `fd` is non-blocking and, when dialling, still being connected; it
  /// outlives the connection and is not the connection's to close.
  using connection_factory = std::function<std::unique_ptr<connection>(int fd, side which)>;

  /// `loop` outlives the connector. Plain TCP unless said otherwise.
  connector(event_loop& loop, const link_limits& limits, connection_factory make = make_tcp_connection);

  /// A link to `to`, not yet started: `told` hears of its opening, or of why there is none. Errors:
  /// unavailable.
  result<std::unique_ptr<link>> dial(const endpoint& to, link::owner& told) const;
  /// A link over what was accepted from `from`, not yet started.
  std::unique_ptr<link> adopt(owned_fd fd, const endpoint& from, link::owner& told) const;

  static std::unique_ptr<connection> make_tcp_connection(int fd, side which);

 private:
  std::unique_ptr<link> make_link(owned_fd fd, side which, const endpoint& peer, link::owner& told) const;

  event_loop& loop_;
  link_limits limits_;
  connection_factory make_;
};

}  // namespace troupe::transport
