// `task<T>`: a coroutine that runs inside one actor's turns.
//
// It starts when it is awaited (or when the host starts a handler), runs on its actor's thread, and hands
// its result or its exception to whoever awaits it. Destroying a task destroys its frame, and with it the
// tasks that it was awaiting: when an actor dies, nothing of its handlers is left.
#pragma once

#include <exception>
#include <optional>
#include <utility>

// clang 14 ships libstdc++'s <coroutine> but does not announce the feature under C++20's name.
#if defined(__clang__) && !defined(__cpp_impl_coroutine)
#define __cpp_impl_coroutine 201902L
#endif
#include <coroutine>

namespace troupe {

template <class T = void>
class [[nodiscard]] task;

namespace internal {

class task_promise_base {
 public:
  std::suspend_always initial_suspend() noexcept { return {}; }

  auto final_suspend() noexcept {
    struct hand_over {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        if (self.ended_ != nullptr) self.ended_(self.ended_argument_);
        return self.continuation_ ? self.continuation_ : std::noop_coroutine();
      }
      void await_resume() noexcept {}
      task_promise_base& self;
    };
    return hand_over{*this};
  }

  void unhandled_exception() noexcept { failure_ = std::current_exception(); }
  void continue_with(std::coroutine_handle<> next) { continuation_ = next; }
  /// `ended` is told once the body has run to its end. It must not destroy the task.
  void when_ended(void (*ended)(void*), void* argument) {
    ended_ = ended;
    ended_argument_ = argument;
  }
  std::exception_ptr failure() const { return failure_; }

 protected:
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::coroutine_handle<> continuation_;
  void (*ended_)(void*) = nullptr;
  void* ended_argument_ = nullptr;
  std::exception_ptr failure_;
};

template <class T>
class task_promise final : public task_promise_base {
 public:
  task<T> get_return_object();
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class task_promise<void> final : public task_promise_base {
 public:
  task<void> get_return_object();
  void return_void() noexcept {}
  void take() { rethrow(); }
};

}  // namespace internal

template <class T>
class [[nodiscard]] task {
 public:
  using promise_type = internal::task_promise<T>;

  task() = default;
  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~task() {
    if (frame_) frame_.destroy();
  }

  auto operator co_await() && {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        frame.promise().continue_with(caller);
        return frame;
      }
      T await_resume() { return frame.promise().take(); }
      std::coroutine_handle<promise_type> frame;
    };
    return awaiter{frame_};
  }

  // For the host of handlers: nobody awaits a handler.
  void start(void (*ended)(void*), void* argument) {
    frame_.promise().when_ended(ended, argument);
    frame_.resume();
  }
  bool done() const { return !frame_ || frame_.done(); }
  std::exception_ptr failure() const { return frame_ ? frame_.promise().failure() : nullptr; }

 private:
  std::coroutine_handle<promise_type> frame_;
};

namespace internal {

template <class T>
task<T> task_promise<T>::get_return_object() {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> task_promise<void>::get_return_object() {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

}  // namespace internal

}  // namespace troupe
