// Asking an actor from a plain thread: blocks until it has answered. Not from an actor's turn.
#pragma once

#include <future>
#include <memory>
#include <utility>

namespace troupe {

/// `ask` is given a function that takes the answer, once, from any thread.
template <class Answer, class Ask>
Answer ask_actor(Ask ask) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  ask([promise](Answer answer) { promise->set_value(std::move(answer)); });
  return future.get();
}

}  // namespace troupe
