// The turn queue of a service's actor: requests to start, calls that have come back, and continuations.
//
// One turn at a time: whatever is taken from here runs to its next `co_await` before the next thing starts.
#pragma once

#include <functional>
#include <memory>
#include <variant>

#include <troupe/actor/inbox.hpp>

namespace troupe::actor {

/// A request that waits for its first turn. It is never deleted on the way, but handed back to the server
/// that received it: a request that nobody answered is answered there, with an error.
class queued_request {
 public:
  virtual void hand_back() noexcept = 0;

 protected:
  ~queued_request() = default;
};
struct hand_back {
  void operator()(queued_request* request) const noexcept { request->hand_back(); }
};

/// A call that has its result, and whose caller is resumed in a turn.
class returned_call {
 public:
  virtual void resume(std::shared_ptr<returned_call> self) = 0;

 protected:
  ~returned_call() = default;
};

class turn_queue {
 public:
  using item = std::variant<std::unique_ptr<queued_request, actor::hand_back>, std::shared_ptr<returned_call>,
                            std::function<void()>>;

  /// False when the actor is gone; then the item is untouched.
  [[nodiscard]] bool put(item& what) { return inbox_.put(what); }
  /// Runs `what` in a turn of the actor, or never if it is gone.
  void post(std::function<void()> what) { inbox_.post(std::move(what)); }
  inbox<item>& items() { return inbox_; }

  /// The queue of the actor whose turn is running on this thread; null outside of turns.
  static const std::shared_ptr<turn_queue>& current();

  /// Marks this thread as running a turn, while it lives.
  class scope {
   public:
    explicit scope(std::shared_ptr<turn_queue> self);
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

   private:
    std::shared_ptr<turn_queue> outer_;
  };

 private:
  inbox<item> inbox_;
};

}  // namespace troupe::actor
