#include <sys/socket.h>

#include <troupe/transport/datagram_socket.hpp>

namespace troupe::transport {

datagram_socket::datagram_socket(event_loop& loop, owned_fd fd, receiver received)
    : event_handler(loop.backend(), fd.release()), received_(std::move(received)) {}

void datagram_socket::stop() {
  if (stopped_) return;
  stopped_ = true;
  state_.reading = false;
  passivate();
}

bool datagram_socket::send(std::span<const std::byte> packet, const endpoint& to) {
  if (stopped_) return false;
  const auto address = to_kernel(to);
  const auto put =
      ::sendto(fd(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL, address.get(), address.size);
  ++(put < 0 ? counted_.unsent : counted_.sent);
  return put >= 0;
}

void datagram_socket::handle_event(caf::io::network::operation what) {
  if (stopped_) return;
  if (what != caf::io::network::operation::read) {
    // CAF takes a socket with an error out of its loop: clear the error and come back.
    (void)connect_outcome(fd());
    backend().post([this] {
      if (!stopped_) activate();
    });
    return;
  }
  std::array<mmsghdr, batch> headers{};
  std::array<iovec, batch> pieces{};
  std::array<socket_address, batch> senders{};
  for (std::size_t i = 0; i < batch; ++i) {
    pieces[i] = {buffers_[i].data(), bytes_max};
    headers[i].msg_hdr.msg_iov = &pieces[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = senders[i].get();
    headers[i].msg_hdr.msg_namelen = sizeof senders[i].storage;
  }
  const int count = ::recvmmsg(fd(), headers.data(), batch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count && !stopped_; ++i) {
    const auto index = static_cast<std::size_t>(i);
    if ((headers[index].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++counted_.oversized;
      continue;
    }
    ++counted_.received;
    received_({buffers_[index].data(), headers[index].msg_len}, from_kernel(senders[index].storage));
  }
}

}  // namespace troupe::transport
