// Which of the requests that wait is next, and which are too late.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/admission/usual_durations.hpp>
#include <troupe/admission/waiting_line.hpp>
#include <troupe/base/random.hpp>

using namespace troupe;
using namespace troupe::admission;

namespace {

constexpr std::uint64_t get = 1;

/// A service whose requests take 10 ms, and a line of them.
struct queue {
  queue() {
    for (int i = 0; i < 100; ++i) usual.note(get, 10ms);
  }
  void add(int number, duration allowed, rpc::criticality criticality = rpc::criticality::normal) {
    line.add(number, {.method = get, .criticality = criticality, .arrived = now, .deadline = now + allowed});
  }
  /// Negative where it is too late.
  int next() {
    const auto called = line.call(usual, now);
    return called.what.fate == fate::begins ? called.request : -called.request;
  }

  usual_durations usual;
  waiting_line<int> line;
  time_point now = time_point{} + 1h;
};

}  // namespace

TEST_CASE("first come, first served, while the first has most of its time") {
  queue it;
  for (int i = 1; i <= 5; ++i) it.add(i, 100ms);
  it.now += 50ms;
  for (int i = 1; i <= 5; ++i) CHECK(it.next() == i);
  CHECK(it.line.empty());
}

TEST_CASE("once the first has waited for half of its time, the last is next") {
  queue it;
  for (int i = 1; i <= 3; ++i) it.add(i, 100ms);
  it.now += 51ms;
  it.add(4, 100ms);
  CHECK(it.next() == 4);
  CHECK(it.next() == 3);
  CHECK(it.next() == 2);
  CHECK(it.next() == 1);
}

TEST_CASE("criticality counts once the first has waited for half of its time, and not before") {
  using enum rpc::criticality;
  queue it;
  it.add(1, 100ms);
  it.now += 1ms;
  it.add(2, 100ms, sheddable);
  it.add(3, 100ms, critical);
  it.add(4, 100ms);
  it.now += 40ms;
  CHECK(it.next() == 1);
  it.now += 11ms;
  CHECK(it.next() == 3);
  CHECK(it.next() == 4);
  CHECK(it.next() == 2);
}

TEST_CASE("who is called tells how long the first has waited, if that waits on") {
  queue it;
  it.add(1, 100ms);
  it.now += 60ms;
  it.add(2, 100ms);
  const auto called = it.line.call(it.usual, it.now);
  CHECK(called.request == 2);
  CHECK(called.what.longest_wait == 60ms);
}

TEST_CASE("while others wait, what cannot be done in time is not begun") {
  queue it;
  for (int i = 1; i <= 3; ++i) it.add(i, 100ms);
  it.now += 92ms;
  it.add(4, 100ms);
  CHECK(it.next() == -1);
  CHECK(it.next() == -2);
  CHECK(it.next() == -3);
  CHECK(it.next() == 4);
}

TEST_CASE("who waits alone is begun with whatever time is left, and not without any") {
  queue it;
  it.add(1, 100ms);
  it.now += 95ms;
  CHECK(it.next() == 1);
  it.add(2, 100ms);
  it.now += 100ms;
  CHECK(it.next() == -2);
}

TEST_CASE("who would be served after too many others gives way while there is time to go elsewhere") {
  queue it;
  for (int i = 1; i <= 20; ++i) it.add(i, 100ms);
  it.now += 51ms;
  for (int i = 1; i <= 20; ++i) {
    const auto called = it.line.call(it.usual, it.now);
    if (called.what.fate == fate::begins) break;
    CHECK(called.what.fate == fate::gives_way);
    CHECK(called.request == i);
  }
  CHECK(it.line.size() == 3);  // four had the time, and one of them has begun
}

TEST_CASE("an overload that is over leaves the order as it was") {
  queue it;
  for (int i = 1; i <= 20; ++i) it.add(i, 100ms);
  it.now += 60ms;
  while (it.next() != 20) CHECK(it.line.size() < 20);
  it.now += 35ms;
  while (!it.line.empty()) it.next();
  for (int i = 21; i <= 23; ++i) it.add(i, 100ms);
  for (int i = 21; i <= 23; ++i) CHECK(it.next() == i);
}

TEST_CASE(
    "half as much again as can be done, and twenty times as much: as much as can be done is done in time") {
  for (const double load : {1.5, 20.}) {
    for (const duration allowed : {50ms, 100ms, 500ms}) {
      CAPTURE(load);
      CAPTURE(to_millis(allowed));
      queue it;
      random_source random(7);
      std::vector<time_point> deadlines;
      time_point arrival = it.now;
      const time_point end = it.now + 20s;
      int done = 0;
      while (it.now < end) {
        while (arrival <= it.now) {
          deadlines.push_back(arrival + allowed);
          it.line.add(static_cast<int>(deadlines.size()),
                      {.method = get, .arrived = arrival, .deadline = deadlines.back()});
          arrival += from_seconds(random.exponential(.01 / load));
        }
        if (it.line.empty()) {
          it.now = arrival;
          continue;
        }
        const int number = it.next();
        if (number < 0) continue;
        it.now += 10ms;
        done += it.now <= deadlines[static_cast<std::size_t>(number) - 1] ? 1 : 0;
      }
      CHECK(done >= 1900);  // of 2,000
    }
  }
}

TEST_CASE("what is taken out all at once comes in its order") {
  queue it;
  for (int i = 1; i <= 200; ++i) it.add(i, 1s);
  for (int i = 1; i <= 150; ++i) CHECK(it.next() == i);
  const auto all = it.line.take_all();
  REQUIRE(all.size() == 50);
  CHECK(all.front() == 151);
  CHECK(all.back() == 200);
  CHECK(it.line.empty());
}
