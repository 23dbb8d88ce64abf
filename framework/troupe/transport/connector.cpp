#include <utility>

#include <troupe/transport/connector.hpp>
#include <troupe/transport/tcp_connection.hpp>

namespace troupe::transport {

connector::connector(event_loop& loop, const link_limits& limits, connection_factory make)
    : loop_(loop), limits_(limits), make_(std::move(make)) {}

result<std::unique_ptr<link>> connector::dial(const endpoint& to, link::owner& told) const {
  auto connecting = begin_connect(to);
  if (!connecting) return connecting.error();
  return make_link(std::move(*connecting), side::dialling, to, told);
}

std::unique_ptr<link> connector::adopt(owned_fd fd, const endpoint& from, link::owner& told) const {
  return make_link(std::move(fd), side::accepting, from, told);
}

std::unique_ptr<connection> connector::make_tcp_connection(int fd, side which) {
  using state = tcp_connection::state;
  return std::make_unique<tcp_connection>(fd, which == side::dialling ? state::connecting : state::connected);
}

std::unique_ptr<link> connector::make_link(owned_fd fd, side which, const endpoint& peer,
                                           link::owner& told) const {
  auto bytes = make_(fd.get(), which);
  return std::make_unique<link>(loop_, std::move(fd), std::move(bytes), peer, told, limits_);
}

}  // namespace troupe::transport
