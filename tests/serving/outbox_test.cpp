// Where answers go: at once on the server's thread, through its inbox from others.
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/serving/outbox.hpp>

#include "request_fixture.hpp"

using namespace troupe;
using namespace troupe::serving;
using troupe::serving::test::arrives;

TEST_CASE(
    "an answer goes straight to the server on its own thread, and waits for its turn from another one") {
  outbox it;
  int wakes = 0;
  std::vector<outbox::item> straight, waiting;
  it.open([&] { ++wakes; }, [&](outbox::item answered) { straight.push_back(std::move(answered)); });
  it.put(arrives({.attempt = 1}, {}));
  REQUIRE(straight.size() == 1);
  CHECK(straight[0]->attempt() == attempt_id{1});
  CHECK(wakes == 0);
  std::thread([&] {
    it.put(arrives({.attempt = 2}, {}));
    it.put(arrives({.attempt = 3}, {}));
  }).join();
  CHECK(straight.size() == 1);
  CHECK(wakes == 1);
  it.take(waiting);
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[1]->attempt() == attempt_id{3});
}

TEST_CASE("an answer that comes when the server has ended is dropped") {
  outbox it;
  int taken = 0;
  it.open([] {}, [&](const outbox::item&) { ++taken; });
  it.close();
  it.put(arrives({}, {}));
  std::thread([&] { it.put(arrives({}, {})); }).join();
  CHECK(taken == 0);
  std::vector<outbox::item> waiting;
  it.take(waiting);
  CHECK(waiting.empty());
}
