// Awaiting something that answers through a callback on another thread.
//
//   auto report = co_await ask<server::report>([&](auto take) { server.inspect(std::move(take)); });
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/service/resumption.hpp>

namespace troupe {

/// Only in a handler. `begin` gets a function that takes the answer, once, from any thread; the handler goes
/// on in a turn of its own actor. If no answer ever comes, the handler waits until its actor ends.
template <class Answer, class Begin>
auto ask(Begin begin) {
  struct awaiter : internal::resumable<std::optional<Answer>> {
    explicit awaiter(Begin what) : begin(std::move(what)) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handler) {
      this->cell_->suspend(handler);
      begin([home = actor::turn_queue::current(), cell = this->cell_](Answer answer) {
        home->post([cell, answer = std::make_shared<Answer>(std::move(answer))] {
          if (!cell->is_awaited()) return;
          cell->value.emplace(std::move(*answer));
          cell->resume();
        });
      });
    }
    Answer await_resume() { return std::move(*this->cell_->value); }

    Begin begin;
  };
  return awaiter(std::move(begin));
}

}  // namespace troupe
