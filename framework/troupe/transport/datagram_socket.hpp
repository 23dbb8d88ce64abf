// UDP on the event loop: packets in by recvmmsg, packets out by sendmmsg, a turn's worth at once. No error
// ever closes the socket: an unreachable peer is that peer's trouble, not everybody's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <caf/io/network/event_handler.hpp>

#include <troupe/base/endpoint.hpp>
#include <troupe/transport/event_loop.hpp>
#include <troupe/transport/socket.hpp>

namespace troupe::transport {

class datagram_socket final : public caf::io::network::event_handler {
 public:
  static constexpr std::size_t bytes_max = 2048;  // longer packets are dropped, and counted

  using receiver = std::function<void(std::span<const std::byte> packet, const endpoint& from)>;
  datagram_socket(event_loop& loop, owned_fd fd, receiver received);

  void start() { activate(); }
  void stop();

  /// Leaves with the next `flush`, or at once when `batch` packets have come together. What the kernel does
  /// not take then is as good as lost on the way, and counted.
  void send(std::vector<std::byte> packet, const endpoint& to);
  /// While packets are being received this does nothing: the answers to all of them leave together.
  void flush();

  struct counters {
    std::uint64_t received = 0, sent = 0, unsent = 0, oversized = 0;
  };
  const counters& counted() const { return counted_; }

  void handle_event(caf::io::network::operation what) override;
  void removed_from_loop(caf::io::network::operation) override {}
  void graceful_shutdown() override { stop(); }

 private:
  static constexpr std::size_t batch = 16;

  void put();

  struct outgoing {
    std::vector<std::byte> packet;
    socket_address to;
  };

  receiver received_;
  std::vector<outgoing> outgoing_;  // at most `batch`
  counters counted_;
  bool receiving_ = false;
  bool stopped_ = false;
  alignas(8) std::array<std::array<std::byte, bytes_max>, batch> buffers_{};
};

}  // namespace troupe::transport
