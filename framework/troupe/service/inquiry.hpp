// Awaiting something that answers through a callback on another thread.
//
//   auto report = co_await ask<server::report>([&](auto take) { server.inspect(std::move(take)); });
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/service/task.hpp>

namespace troupe {

/// Only in a handler. `begin` gets a function that takes the answer, once, from any thread; the handler goes
/// on in a turn of its own actor. If no answer ever comes, the handler waits until its actor ends.
template <class Answer, class Begin>
auto ask(Begin begin) {
  struct cell {
    std::coroutine_handle<> frame;
    std::optional<Answer> answer;
  };
  struct awaiter {
    explicit awaiter(Begin what) : begin(std::move(what)) {}
    awaiter(awaiter&&) = delete;
    ~awaiter() { shared->frame = nullptr; }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handler) {
      shared->frame = handler;
      begin([home = actor::turn_queue::current(), shared = shared](Answer answer) {
        home->post([shared, answer = std::make_shared<Answer>(std::move(answer))] {
          if (!shared->frame) return;
          shared->answer.emplace(std::move(*answer));
          std::exchange(shared->frame, nullptr).resume();
        });
      });
    }
    Answer await_resume() { return std::move(*shared->answer); }

    Begin begin;
    std::shared_ptr<cell> shared = std::make_shared<cell>();
  };
  return awaiter(std::move(begin));
}

}  // namespace troupe
