#include <cerrno>

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

void datagram_socket::send(std::vector<std::byte> packet, const endpoint& to) {
  if (stopped_) return;
  outgoing_.push_back({std::move(packet), to_kernel(to)});
  if (outgoing_.size() == batch) put();
}

void datagram_socket::flush() {
  if (!receiving_ && !outgoing_.empty()) put();
}

void datagram_socket::put() {
  std::array<mmsghdr, batch> headers{};
  std::array<iovec, batch> pieces{};
  const auto count = outgoing_.size();
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = outgoing_[i];
    pieces[i] = {one.packet.data(), one.packet.size()};
    headers[i].msg_hdr.msg_iov = &pieces[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = one.to.get();
    headers[i].msg_hdr.msg_namelen = one.to.size;
  }
  std::size_t done = 0;
  while (done < count) {
    const int taken =
        ::sendmmsg(fd(), &headers[done], static_cast<unsigned>(count - done), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0 && errno == EINTR) continue;
    if (taken > 0) {
      counted_.sent += static_cast<std::uint64_t>(taken);
      done += static_cast<std::size_t>(taken);
    } else {
      // The error is that of the first one not sent; the others may have better luck.
      ++counted_.unsent;
      ++done;
    }
  }
  outgoing_.clear();
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
  receiving_ = true;
  for (int i = 0; i < count && !stopped_; ++i) {
    const auto index = static_cast<std::size_t>(i);
    if ((headers[index].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++counted_.oversized;
      continue;
    }
    ++counted_.received;
    received_({buffers_[index].data(), headers[index].msg_len}, from_kernel(senders[index].storage));
  }
  receiving_ = false;
  if (!stopped_) flush();
}

}  // namespace troupe::transport
