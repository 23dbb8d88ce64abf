// The turn queue of a service actor: requests to start, calls that have come back, and continuations.
//
// One turn at a time: whatever is taken from here runs to its next `co_await` before the next thing starts.
#pragma once

#include <functional>
#include <memory>
#include <variant>

#include <troupe/runtime/inbox.hpp>

namespace troupe::runtime {

class incoming_request;
class outgoing_call;

/// Hands a request back to the server that received it instead of deleting it: a request that nobody
/// answered is answered there, with an error.
struct return_to_server {
  void operator()(incoming_request* request) const noexcept;
};
using request_ptr = std::unique_ptr<incoming_request, return_to_server>;
using call_ptr = std::shared_ptr<outgoing_call>;

class turns {
 public:
  using item = std::variant<request_ptr, call_ptr, std::function<void()>>;

  /// False when the actor is gone; then the item is untouched.
  [[nodiscard]] bool put(item& what) { return inbox_.put(what); }
  /// Runs `what` in a turn of the actor, or never if it is gone.
  void post(std::function<void()> what) {
    item wrapped = std::move(what);
    (void)inbox_.put(wrapped);
  }
  inbox<item>& door() { return inbox_; }

  /// The queue of the actor whose turn is running on this thread; null outside of turns.
  static const std::shared_ptr<turns>& current();

  /// Marks this thread as running a turn, while it lives.
  class scope {
   public:
    explicit scope(std::shared_ptr<turns> self);
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

   private:
    std::shared_ptr<turns> outer_;
  };

 private:
  inbox<item> inbox_;
};

}  // namespace troupe::runtime
