// Commands to an actor, from whatever thread.
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/engine.hpp>

#include "eventually.hpp"

namespace {

using namespace troupe;
using namespace troupe::actor;
using test::eventually;

class listening final : public bound_actor {
 public:
  using bound_actor::bound_actor;
  void end() {
    post([this] { quit(); });
  }
};

}  // namespace

TEST_CASE("what is posted runs in the actor's turns, in order, on its thread, and never once it is gone") {
  engine it(1);
  auto handle = spawn_bound<listening>(it.system(), it.loop_unit());
  auto& actor = object_of<listening>(handle);
  std::vector<int> ran;
  std::thread::id where;
  std::atomic<bool> done{false};
  for (int i = 0; i < 100; ++i) actor.post([&ran, i] { ran.push_back(i); });
  actor.post([&] {
    where = std::this_thread::get_id();
    done = true;
  });
  REQUIRE(eventually([&] { return done.load(); }));
  REQUIRE(ran.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(ran[static_cast<std::size_t>(i)] == i);
  CHECK(where != std::this_thread::get_id());

  const auto commands = actor.commands();
  actor.end();
  it.wait_for_end({handle});
  handle = nullptr;
  bool after = false;
  commands->post([&after] { after = true; });
  CHECK_FALSE(after);
}
