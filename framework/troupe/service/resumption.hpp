// What a suspended handler leaves with whatever is to resume it: a timer, another thread's answer, the last
// of several calls.
//
// Whoever resumes it may come when the handler is gone, as its actor died meanwhile. So the awaiter and the
// one that resumes share a cell, and the end of the awaiter, which is that of the handler's frame, empties
// it. All of it happens in turns of the handler's actor: no lock.
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include <troupe/service/task.hpp>

namespace troupe::internal {

template <class Value>
class resumption {
 public:
  explicit resumption(Value empty) : value(std::move(empty)) {}

  /// False once the handler is gone: then `value` is nobody's.
  bool is_awaited() const { return !abandoned_; }
  /// Goes on with the handler. Nothing happens where it does not wait, or not yet.
  void resume() {
    if (handler_) std::exchange(handler_, nullptr).resume();
  }

  void suspend(std::coroutine_handle<> handler) { handler_ = handler; }
  void abandon() {
    abandoned_ = true;
    handler_ = nullptr;
    // It may hold what holds this cell: an answer holds its call, which holds its continuation.
    [[maybe_unused]] const auto released = std::move(value);
  }

  Value value;  // what the handler is resumed with

 private:
  std::coroutine_handle<> handler_;
  bool abandoned_ = false;
};

/// The base of an awaiter that leaves a cell.
template <class Value = std::monostate>
class resumable {
 public:
  explicit resumable(Value empty = {}) : cell_(std::make_shared<resumption<Value>>(std::move(empty))) {}
  resumable(resumable&&) = delete;
  ~resumable() { cell_->abandon(); }

 protected:
  std::shared_ptr<resumption<Value>> cell_;
};

}  // namespace troupe::internal
