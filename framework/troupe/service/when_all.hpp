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
#include <troupe/service/resumption.hpp>

namespace troupe {

namespace internal {

/// What the handler is resumed with once every answer is there.
template <class Answers>
struct gathering {
  Answers answers;
  std::size_t missing = 0;
};

template <class Answers>
using gathering_ptr = std::shared_ptr<resumption<gathering<Answers>>>;

/// Puts an answer into its slot; the last one resumes the handler. REQUIRES: the handler waits.
template <class Answers, class Answer>
void arrived(resumption<gathering<Answers>>& cell, std::optional<Answer>& slot, Answer answer) {
  slot.emplace(std::move(answer));
  if (--cell.value.missing == 0) cell.resume();
}

/// `Start` makes every call: it gets the cell that the answers go to.
template <class Answers, class Start>
class gathering_awaiter : public resumable<gathering<Answers>> {
 public:
  gathering_awaiter(Answers empty, std::size_t count, Start start)
      : resumable<gathering<Answers>>({std::move(empty), count}), start_(std::move(start)) {}

  bool await_ready() const noexcept { return this->cell_->value.missing == 0; }
  bool await_suspend(std::coroutine_handle<> handler) {
    const auto keep = this->cell_;
    start_(keep);
    // Only now: a call may be answered while it is made, and the last one must not resume us from in here.
    if (keep->value.missing == 0) return false;
    keep->suspend(handler);
    return true;
  }

 private:
  Start start_;
};

}  // namespace internal

/// The answers, in the order of `calls`. Only in a handler.
template <class Results>
auto when_all(std::vector<call<Results>> calls) {
  using slots = std::vector<std::optional<response<Results>>>;
  const auto count = calls.size();
  auto start = [calls = std::move(calls)](const internal::gathering_ptr<slots>& cell) mutable {
    for (std::size_t i = 0; i < calls.size(); ++i)
      std::move(calls[i]).then([cell, i](response<Results> answer) {
        if (cell->is_awaited()) internal::arrived(*cell, cell->value.answers[i], std::move(answer));
      });
  };
  using base = internal::gathering_awaiter<slots, decltype(start)>;
  struct awaiter : base {
    using base::base;
    std::vector<response<Results>> await_resume() {
      std::vector<response<Results>> all;
      auto& filled = this->cell_->value.answers;
      all.reserve(filled.size());
      for (auto& slot : filled) all.push_back(std::move(*slot));
      return all;
    }
  };
  return awaiter(slots(count), count, std::move(start));
}

/// The same for calls of different kinds: a tuple of their answers.
template <class... Results>
auto when_all(call<Results>... calls) {
  using slots = std::tuple<std::optional<response<Results>>...>;
  auto start =
      [calls = std::make_tuple(std::move(calls)...)](const internal::gathering_ptr<slots>& cell) mutable {
        const auto one = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
          std::move(std::get<I>(calls)).then([cell](auto answer) {
            if (cell->is_awaited())
              internal::arrived(*cell, std::get<I>(cell->value.answers), std::move(answer));
          });
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
          (one(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::index_sequence_for<Results...>{});
      };
  using base = internal::gathering_awaiter<slots, decltype(start)>;
  struct awaiter : base {
    using base::base;
    std::tuple<response<Results>...> await_resume() {
      return std::apply([](auto&... slot) { return std::tuple<response<Results>...>(std::move(*slot)...); },
                        this->cell_->value.answers);
    }
  };
  return awaiter(slots(), sizeof...(Results), std::move(start));
}

}  // namespace troupe
