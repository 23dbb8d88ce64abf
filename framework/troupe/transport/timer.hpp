// One alarm on the event loop, by timerfd: no thread, no lock, no queue. An actor keeps one and arms it for
// whatever of its own is due next.
#pragma once

#include <functional>

#include <caf/io/network/event_handler.hpp>

#include <troupe/base/time.hpp>
#include <troupe/transport/event_loop.hpp>

namespace troupe::transport {

class timer final : public caf::io::network::event_handler {
 public:
  timer(event_loop& loop, std::function<void()> rings);

  void start() { activate(); }
  void stop();

  /// Rings once, at `when` or at an earlier time it was armed for already; `never` changes nothing.
  void ring_by(time_point when);

  void handle_event(caf::io::network::operation what) override;
  void removed_from_loop(caf::io::network::operation) override {}
  void graceful_shutdown() override { stop(); }

 private:
  event_loop& loop_;
  std::function<void()> rings_;
  time_point armed_ = never;
  bool stopped_ = false;
};

}  // namespace troupe::transport
