// What a suspended handler leaves with whatever is to resume it.
#include <memory>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include <troupe/service/resumption.hpp>

using namespace troupe;
using internal::resumable;
using internal::resumption;

namespace {

using cell_ptr = std::shared_ptr<resumption<std::optional<int>>>;

/// Leaves its cell with the test.
struct question : resumable<std::optional<int>> {
  explicit question(cell_ptr& leave_in) : into(leave_in) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handler) {
    cell_->suspend(handler);
    into = cell_;
  }
  int await_resume() { return *cell_->value; }

  cell_ptr& into;
};

task<> handler(cell_ptr& left, int& seen) { seen = co_await question(left); }

}  // namespace

TEST_CASE("a handler goes on with the value that its cell was given, once") {
  cell_ptr left;
  int seen = 0;
  auto running = handler(left, seen);
  running.start([](void*) {}, nullptr);
  REQUIRE(left);
  CHECK(left->is_awaited());
  left->value = 7;
  left->resume();
  CHECK(seen == 7);
  CHECK(running.done());
  left->resume();  // nobody waits
  CHECK_FALSE(left->is_awaited());
}

TEST_CASE("a handler that is gone is not resumed") {
  cell_ptr left;
  int seen = 0;
  {
    auto running = handler(left, seen);
    running.start([](void*) {}, nullptr);
  }
  REQUIRE(left);
  CHECK_FALSE(left->is_awaited());
  left->resume();
  CHECK(seen == 0);
}

TEST_CASE("a handler that is not suspended yet is not resumed from within what it begins") {
  resumption<int> cell(5);
  cell.resume();
  CHECK(cell.is_awaited());
}

TEST_CASE("a cell lets go of its value with its handler, as the value may hold the cell") {
  const auto held = std::make_shared<int>(1);
  auto cell = std::make_shared<resumption<std::shared_ptr<int>>>(held);
  CHECK(held.use_count() == 2);
  cell->abandon();
  CHECK(held.use_count() == 1);
}
