// Accepts connections on the event loop.
#pragma once

#include <cstddef>
#include <functional>

#include <caf/io/network/event_handler.hpp>

#include <troupe/base/endpoint.hpp>
#include <troupe/transport/event_loop.hpp>
#include <troupe/transport/socket.hpp>

namespace troupe::transport {

class listener final : public caf::io::network::event_handler {
 public:
  /// `accepted` gets each connection. `refused` is told of those that could not be taken because this
  /// process has no file descriptors left; without the reserve descriptor that is kept for this case, the
  /// loop would spin on them.
  listener(event_loop& loop, owned_fd fd, std::function<void(owned_fd, endpoint)> accepted,
           std::function<void()> refused);

  void start() { activate(); }
  void stop();

  void handle_event(caf::io::network::operation what) override;
  void removed_from_loop(caf::io::network::operation) override {}
  void graceful_shutdown() override { stop(); }

 private:
  enum class turned_away : bool { nobody, somebody };
  turned_away turn_one_away();

  owned_fd reserve_;
  std::function<void(owned_fd, endpoint)> accepted_;
  std::function<void()> refused_;
  bool stopped_ = false;
};

}  // namespace troupe::transport
