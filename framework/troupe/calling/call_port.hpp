// Where stubs hand their calls over: the router actor's door, without CAF.
#pragma once

#include <functional>
#include <memory>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/base/time.hpp>

namespace troupe::calling {

class outgoing_call;
using call_ptr = std::shared_ptr<outgoing_call>;

class call_port {
 public:
  virtual ~call_port() = default;

  /// Takes the call over and brings it home exactly once, at its deadline at the latest; at once and
  /// as UNAVAILABLE when the node has stopped. From any thread.
  virtual void submit(call_ptr call) = 0;

  /// Runs `what` in a turn of `home` (null: on the event loop's thread) after `wait`; never if the node
  /// stops first. From any thread. Resolution 1 ms.
  virtual void after(duration wait, std::shared_ptr<actor::turn_queue> home, std::function<void()> what) = 0;

  /// True on the event loop's thread, where nothing may block.
  virtual bool on_event_loop() const = 0;
};

}  // namespace troupe::calling
