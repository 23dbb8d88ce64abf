// Where things for an actor go: one wake-up for many, and nothing once it is closed.
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/actor/inbox.hpp>

using namespace troupe::actor;

TEST_CASE("an inbox wakes its actor once for what arrives together, and refuses when closed") {
  inbox<int> box;
  int first = 1;
  REQUIRE(box.put(first));
  int wakes = 0;
  box.open([&] { ++wakes; });
  CHECK(wakes == 1);  // what came before it was open
  int second = 2;
  REQUIRE(box.put(second));
  CHECK(wakes == 1);
  std::vector<int> taken;
  box.take(taken);
  CHECK(taken == std::vector{1, 2});
  int third = 3;
  REQUIRE(box.put(third));
  CHECK(wakes == 2);
  CHECK(box.close() == std::vector{3});
  int fourth = 4;
  CHECK_FALSE(box.put(fourth));
  CHECK(fourth == 4);
  CHECK(wakes == 2);
}

TEST_CASE("what is posted is taken in order, and dropped once the inbox is closed") {
  inbox<std::shared_ptr<int>> box;
  const auto one = std::make_shared<int>(1), two = std::make_shared<int>(2);
  box.post(one);
  box.post(two);
  std::vector<std::shared_ptr<int>> taken;
  box.take(taken);
  CHECK(taken == std::vector{one, two});
  (void)box.close();
  box.post(std::move(taken.front()));
  CHECK(one.use_count() == 1);
}
