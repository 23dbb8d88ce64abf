// task<>: the coroutine alone, without actors.
#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <troupe/service/task.hpp>

using troupe::task;

namespace {

/// Something to await that goes on when the test says so.
struct gate {
  std::coroutine_handle<> waiting;
  void open() { std::exchange(waiting, nullptr).resume(); }
  auto operator co_await() {
    struct awaiter {
      gate& of;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> frame) { of.waiting = frame; }
      void await_resume() const noexcept {}
    };
    return awaiter{*this};
  }
};

struct counted {
  explicit counted(int& of) : count(&of) { ++*count; }
  counted(const counted& other) : count(other.count) { ++*count; }
  ~counted() { --*count; }
  int* count;
};

task<int> value(int what) { co_return what; }

task<std::unique_ptr<std::string>> move_only() { co_return std::make_unique<std::string>("moved"); }

task<int> broken() {
  throw std::runtime_error("broken");
  co_return 0;
}

// Not as one conditional expression: g++ 12 evaluates what is awaited in both of its branches.
task<int> sum(int depth) {
  if (depth == 0) co_return 0;
  co_return depth + co_await sum(depth - 1);
}

task<int> behind(gate& door, counted) {
  co_await door;
  co_return 7;
}

task<> host(gate& door, int& alive, int& seen) {
  const counted local(alive);
  seen = co_await behind(door, counted(alive));
}

void note_end(void* ended) { *static_cast<bool*>(ended) = true; }

}  // namespace

TEST_CASE("a task starts when it is started, and hands over its value") {
  int seen = 0;
  bool ended = false;
  auto body = [](int& into) -> task<> {
    into = co_await value(5);
    into += static_cast<int>((co_await move_only())->size());
  }(seen);
  CHECK(seen == 0);
  body.start(note_end, &ended);
  CHECK(seen == 10);
  CHECK(ended);
  CHECK(body.done());
  CHECK_FALSE(body.failure());
}

TEST_CASE("an exception goes to whoever awaits, and out of the outermost task as its failure") {
  bool ended = false;
  std::string caught;
  auto body = [](std::string& into) -> task<> {
    try {
      (void)co_await broken();
    } catch (const std::runtime_error& problem) {
      into = problem.what();
    }
    (void)co_await broken();
  }(caught);
  body.start(note_end, &ended);
  CHECK(caught == "broken");
  CHECK(ended);
  REQUIRE(body.failure());
  CHECK_THROWS_AS(std::rethrow_exception(body.failure()), std::runtime_error);
}

TEST_CASE("tasks await tasks, deep") {
  int seen = 0;
  bool ended = false;
  auto body = [](int& into) -> task<> { into = co_await sum(1000); }(seen);
  body.start(note_end, &ended);
  CHECK(seen == 500'500);
}

TEST_CASE("a suspended task goes on where it was, and its end is told then") {
  gate door;
  int alive = 0;
  int seen = 0;
  bool ended = false;
  auto body = host(door, alive, seen);
  body.start(note_end, &ended);
  CHECK_FALSE(ended);
  CHECK_FALSE(body.done());
  CHECK(alive > 0);
  door.open();
  CHECK(ended);
  CHECK(seen == 7);
}

TEST_CASE("destroying a suspended task destroys its frame and those it awaits") {
  gate door;
  int alive = 0;
  int seen = 0;
  bool ended = false;
  {
    auto body = host(door, alive, seen);
    body.start(note_end, &ended);
    CHECK(alive >= 2);
    auto moved = std::move(body);
    CHECK(body.done());  // NOLINT(bugprone-use-after-move): what was moved from is a task that has ended
    CHECK_FALSE(moved.done());
  }
  CHECK(alive == 0);
  CHECK_FALSE(ended);
  { const auto never_started = host(door, alive, seen); }
  CHECK(alive == 0);
}
