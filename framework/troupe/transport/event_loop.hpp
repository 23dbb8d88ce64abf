// CAF's event loop, as the rest of the framework uses it: one thread, level-triggered epoll, and a list of
// links that have something to write.
//
// Writes are gathered: whoever runs on the loop appends frames to links, and `flush` at the end of its turn
// sends what has come together, one system call a link.
#pragma once

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <caf/io/network/default_multiplexer.hpp>

namespace troupe::transport {

class link;

class event_loop {
 public:
  using backend_type = caf::io::network::default_multiplexer;

  explicit event_loop(backend_type& backend) : backend_(backend) {}
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  backend_type& backend() { return backend_; }
  bool on_this_thread() const { return std::this_thread::get_id() == backend_.thread_id(); }

  /// Runs `what` on the loop's thread, after the current poll round. From any thread.
  template <class What>
  void post(What what) {
    backend_.post(std::move(what));
  }

  /// Deletes a handler once the current poll round, which may still name it, is over.
  template <class Handler>
  void dispose(std::unique_ptr<Handler> handler) {
    if (handler) backend_.post([held = std::shared_ptr<Handler>(std::move(handler))] {});
  }

  void flush_later(link& which) { unflushed_.push_back(&which); }
  /// `link::catch_up` of each that asked for it.
  void flush();
  /// Before a link goes away.
  void forget(link& which);

 private:
  backend_type& backend_;
  std::vector<link*> unflushed_;
};

}  // namespace troupe::transport
