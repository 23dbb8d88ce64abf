// Several calls at once: a handler that asks many goes on when all of them have answered.
//
//   std::vector<troupe::call<Shard::QueryResults>> asked;
//   for (auto& shard : shards) asked.push_back(shard.query(ctx, words));
//   for (auto& answer : co_await when_all(std::move(asked))) ...      // in the order of `asked`
//
//   auto [stock, price] = co_await when_all(inventory.stock(ctx, item), prices.price(ctx, item));
//
// Every call is made before the first is waited for, and each has its own answer or its own problem: one
// that fails does not end the others. It takes as long as the slowest; `within` bounds that.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <troupe/service/client.hpp>

namespace troupe {

namespace internal {

/// What the calls' continuations share with the awaiter, which may be gone before they run.
template <class Answers>
struct gathering {
  explicit gathering(Answers empty) : answers(std::move(empty)) {}

  template <class Slot, class Answer>
  void arrived(Slot& slot, Answer answer) {
    if (abandoned) return;
    slot.emplace(std::move(answer));
    if (--missing == 0 && handler) std::exchange(handler, nullptr).resume();
  }

  Answers answers;
  std::coroutine_handle<> handler;
  std::size_t missing = 0;
  bool abandoned = false;
};

/// `Start` makes every call: it gets the gathering that the answers go to.
template <class Answers, class Start>
class gathering_awaiter {
 public:
  gathering_awaiter(Answers empty, std::size_t count, Start start)
      : shared_(std::make_shared<gathering<Answers>>(std::move(empty))), start_(std::move(start)) {
    shared_->missing = count;
  }
  gathering_awaiter(gathering_awaiter&&) = delete;
  // A handler that is destroyed while it waits: an answer holds its call, which holds what is shared here.
  ~gathering_awaiter() {
    shared_->abandoned = true;
    auto released = std::move(shared_->answers);
  }

  bool await_ready() const noexcept { return shared_->missing == 0; }
  bool await_suspend(std::coroutine_handle<> handler) {
    const auto keep = shared_;
    start_(keep);
    // Only now: a call may be answered while it is made, and the last one must not resume us from in here.
    if (keep->missing == 0) return false;
    keep->handler = handler;
    return true;
  }

 protected:
  std::shared_ptr<gathering<Answers>> shared_;

 private:
  Start start_;
};

}  // namespace internal

/// The answers, in the order of `calls`. Only in a handler.
template <class Results>
auto when_all(std::vector<call<Results>> calls) {
  using slots = std::vector<std::optional<response<Results>>>;
  const auto count = calls.size();
  auto start = [calls = std::move(calls)](const std::shared_ptr<internal::gathering<slots>>& shared) mutable {
    for (std::size_t i = 0; i < calls.size(); ++i)
      std::move(calls[i]).then([shared, i](response<Results> answer) {
        if (!shared->abandoned) shared->arrived(shared->answers[i], std::move(answer));
      });
  };
  using base = internal::gathering_awaiter<slots, decltype(start)>;
  struct awaiter : base {
    using base::base;
    std::vector<response<Results>> await_resume() {
      std::vector<response<Results>> all;
      all.reserve(this->shared_->answers.size());
      for (auto& slot : this->shared_->answers) all.push_back(std::move(*slot));
      return all;
    }
  };
  return awaiter(slots(count), count, std::move(start));
}

/// The same for calls of different kinds: a tuple of their answers.
template <class... Results>
auto when_all(call<Results>... calls) {
  using slots = std::tuple<std::optional<response<Results>>...>;
  auto start = [calls = std::make_tuple(std::move(calls)...)](
                   const std::shared_ptr<internal::gathering<slots>>& shared) mutable {
    const auto one = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      std::move(std::get<I>(calls)).then([shared](auto answer) {
        shared->arrived(std::get<I>(shared->answers), std::move(answer));
      });
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (one(std::integral_constant<std::size_t, I>{}), ...); }
    (std::index_sequence_for<Results...>{});
  };
  using base = internal::gathering_awaiter<slots, decltype(start)>;
  struct awaiter : base {
    using base::base;
    std::tuple<response<Results>...> await_resume() {
      return std::apply([](auto&... slot) { return std::tuple<response<Results>...>(std::move(*slot)...); },
                        this->shared_->answers);
    }
  };
  return awaiter(slots(), sizeof...(Results), std::move(start));
}

}  // namespace troupe
