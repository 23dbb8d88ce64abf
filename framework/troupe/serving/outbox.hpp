// Where answers go: straight to the server where its own thread brings them, so that a service on the event
// loop costs no lock and no further turn; through its inbox from other threads.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <troupe/actor/inbox.hpp>
#include <troupe/serving/incoming_request.hpp>

namespace troupe::serving {

class outbox {
 public:
  using item = std::unique_ptr<incoming_request>;

  /// On the server's thread, before the first request. `taken` may be called in any actor's turn there.
  void open(std::function<void()> wake, std::function<void(item)> taken);
  /// Dropped when closed: the node is gone, its links are closed, and its callers know by that.
  void put(item answered);
  void take(std::vector<item>& out) { others_.take(out); }
  /// On the server's thread.
  void close();

 private:
  std::thread::id home_;
  std::function<void(item)> taken_;
  actor::inbox<item> others_;
};

}  // namespace troupe::serving
