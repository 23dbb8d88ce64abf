// The services of a node, with real actors: how they start, what is said of those that cannot, and when one
// that has died is started again. When that is due is the test's own time.
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <caf/actor_config.hpp>
#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/supervisor.hpp>

#include "actor/environment_fixture.hpp"
#include "transport/loop_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::serving;
using phase = admission::lifecycle::phase;

constexpr auto service_name = "test.Echo";

/// Whose services they are.
class host_actor final : public actor::bound_actor {
 public:
  host_actor(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared)
      : bound_actor(config, where), services(*this, shared) {
    set_down_handler([this](caf::scheduled_actor*, caf::down_msg& what) {
      services.ended(what.source, what.reason);
      ++ended;
    });
  }
  void end() { quit(); }

  supervisor services;
  int ended = 0;
};

struct idle_handler final : request_handler {
  time_point start(request_ptr) override { return actor::now(); }
  void reap(time_point) override {}
};

class supervisor_fixture {
 public:
  /// In a turn of the actor whose services they are.
  template <class What>
  auto in_turn(What what) {
    using value = decltype(what());
    std::promise<value> done;
    host.post([&] {
      if constexpr (std::is_void_v<value>) {
        what();
        done.set_value();
      } else {
        done.set_value(what());
      }
    });
    return done.get_future().get();
  }
  ~supervisor_fixture() {
    in_turn([&] { services().stop(); });
    CHECK(eventually([&] { return services().all_ended(); }));
    in_turn([&] {
      services().forget_all();
      host.end();
    });
    where.engine().wait_for_end({handle});
  }

  template <class Condition>
  bool eventually(Condition holds) {
    return where.eventually(holds);
  }
  supervisor& services() { return host.services; }

  service_spec spec(placement runs_on = placement::pool) {
    return {.name = service_name, .how = {.runs_on = runs_on}, .make = [this] {
              ran_on.push_back(std::this_thread::get_id());
              if (broken) throw std::runtime_error("no disk");
              return std::make_unique<idle_handler>();
            }};
  }
  /// What is told once its first life has begun or failed to.
  result<void> start(service_spec what) {
    std::optional<result<void>> told;
    in_turn([&] { services().host(std::move(what), [&told](result<void> how) { told = std::move(how); }); });
    REQUIRE(eventually([&] { return told.has_value(); }));
    return *told;
  }
  phase now() {
    return in_turn([&] { return find_service(services().services(), service_name)->core.life().now(); });
  }
  /// Its handler throws; gives between when and when that was.
  std::pair<time_point, time_point> die() {
    const auto before = actor::now();
    const int deaths = in_turn([&] { return host.ended; });
    in_turn([&] {
      find_service(services().services(), service_name)->queue->post([] {
        throw std::runtime_error("a bug");
      });
    });
    REQUIRE(eventually([&] { return host.ended == deaths + 1; }));
    return {before, actor::now()};
  }
  void restart_due(time_point at) {
    in_turn([&] { services().restart_due(at); });
  }
  time_point next_restart() {
    return in_turn([&] { return services().next_restart(); });
  }
  std::vector<service_report> told() {
    return in_turn([&] {
      std::vector<service_report> all;
      services().tell(all, actor::now());
      return all;
    });
  }
  /// Its present life takes turns.
  bool runs() {
    auto ran = std::make_shared<std::promise<void>>();
    in_turn(
        [&] { find_service(services().services(), service_name)->queue->post([ran] { ran->set_value(); }); });
    return ran->get_future().wait_for(transport::patience) == std::future_status::ready;
  }

  transport::loop_fixture where;
  actor::environment shared = troupe::test::environment_of(where.engine(), "pay-2");
  bool broken = false;
  std::vector<std::thread::id> ran_on;  // each life

  caf::actor handle =
      actor::spawn_bound<host_actor>(where.engine().system(), where.engine().loop_unit(), shared);
  host_actor& host = actor::object_of<host_actor>(handle);
};

}  // namespace

TEST_CASE("a service serves once its first life has begun, wherever its turns run") {
  supervisor_fixture it;
  for (const auto runs_on : {placement::pool, placement::event_loop, placement::thread}) {
    auto what = it.spec(runs_on);
    what.name = to_string(runs_on);
    CHECK(it.start(std::move(what)));
  }
  const auto all = it.told();
  REQUIRE(all.size() == 3);
  for (const auto& each : all) {
    CHECK(each.name == to_string(each.runs_on));
    CHECK(each.restarts == 0);
  }
  const auto loop = it.where.on_loop([] { return std::this_thread::get_id(); });
  REQUIRE(it.ran_on.size() == 3);
  CHECK(it.ran_on[0] != loop);
  CHECK(it.ran_on[1] == loop);
  CHECK(it.ran_on[2] != loop);
  CHECK(it.ran_on[2] != it.ran_on[0]);
  CHECK(it.next_restart() == never);
}

TEST_CASE("a second service of one name is refused, and the first one stays") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec()));
  const auto again = it.start(it.spec());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == code::already_exists);
  CHECK(again.error().text.find(service_name) != std::string::npos);
  CHECK(it.ran_on.size() == 1);
  CHECK(it.runs());
}

TEST_CASE("a service that cannot be constructed is forgotten, and its name is free") {
  supervisor_fixture it;
  it.broken = true;
  for (const auto runs_on : {placement::pool, placement::event_loop, placement::thread}) {
    const auto told = it.start(it.spec(runs_on));
    REQUIRE_FALSE(told);
    CHECK(told.error().code == code::internal);
    CHECK(told.error().text.find("no disk") != std::string::npos);
    CHECK(it.told().empty());
    CHECK(it.next_restart() == never);
  }
  it.broken = false;
  CHECK(it.start(it.spec()));
  CHECK(it.now() == phase::serving);
}

TEST_CASE("a service that has died is down for 100 ms, then for twice as long") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec()));
  for (const auto delay : {100ms, 200ms, 400ms}) {
    CAPTURE(delay.count());
    const auto [before, after] = it.die();
    CHECK(it.now() == phase::waiting_to_restart);
    const auto due = it.next_restart();
    CHECK(due >= before + delay);
    CHECK(due <= after + delay);
    it.restart_due(due - 1ns);
    CHECK(it.now() == phase::waiting_to_restart);
    it.restart_due(due);
    CHECK(it.now() == phase::serving);
    CHECK(it.next_restart() == never);
    REQUIRE(it.runs());
  }
  CHECK(it.told().at(0).restarts == 3);
  CHECK(it.ran_on.size() == 4);
}

TEST_CASE("a service with a thread of its own has the same one in all its lives") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec(placement::thread)));
  it.die();
  it.restart_due(it.next_restart());
  REQUIRE(it.runs());
  REQUIRE(it.ran_on.size() == 2);
  CHECK(it.ran_on[0] == it.ran_on[1]);
}

TEST_CASE("a service that has served is not forgotten when a later life cannot be constructed") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec()));
  it.die();
  it.broken = true;
  it.restart_due(it.next_restart());
  REQUIRE(it.eventually([&] { return it.host.ended == 2; }));
  CHECK(it.now() == phase::waiting_to_restart);
  it.broken = false;
  it.restart_due(it.next_restart());
  CHECK(it.runs());
}

TEST_CASE("each life has its own queue, which takes nothing more once that life is over") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec()));
  const auto queue = [&] {
    return it.in_turn([&] { return find_service(it.services().services(), service_name)->queue; });
  };
  const auto first = queue();
  it.die();
  actor::turn_queue::item late = std::function<void()>([] {});
  CHECK_FALSE(first->put(late));
  it.restart_due(it.next_restart());
  CHECK(queue() != first);
}

TEST_CASE("a fault is set for a service that is here, and for no other") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec()));
  CHECK(it.in_turn([&] { return it.services().set_fault(service_name, {.fail_percent = 50}); }));
  const auto unknown = it.in_turn([&] { return it.services().set_fault("test.Other", {}); });
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == code::not_found);
  CHECK(unknown.error().text == "node pay-2 does not serve test.Other");
}

TEST_CASE("once stopped, all services end and none begins") {
  supervisor_fixture it;
  REQUIRE(it.start(it.spec()));
  auto other = it.spec(placement::thread);
  other.name = "test.Dead";
  REQUIRE(it.start(std::move(other)));
  it.die();
  CHECK_FALSE(it.in_turn([&] { return it.services().all_ended(); }));
  it.in_turn([&] { it.services().stop(); });
  CHECK(it.next_restart() == never);
  REQUIRE(it.eventually([&] { return it.services().all_ended(); }));
  it.restart_due(never - 1ns);
  CHECK(it.in_turn([&] { return it.services().all_ended(); }));
  CHECK(it.now() == phase::stopped);
  const auto late = it.start(it.spec());
  REQUIRE_FALSE(late);
  CHECK(late.error().code == code::unavailable);
}

TEST_CASE("whoever waits for a service's start is told when the node is stopped before that") {
  supervisor_fixture it;
  std::promise<void> go;
  const auto released = go.get_future().share();
  std::optional<result<void>> told;
  it.in_turn([&] {
    auto slow = it.spec();
    slow.make = [released] {
      released.wait();
      throw std::runtime_error("it took too long");
      return std::unique_ptr<request_handler>();
    };
    it.services().host(std::move(slow), [&told](result<void> how) { told = std::move(how); });
    it.services().stop();
  });
  CHECK_FALSE(told);
  go.set_value();
  REQUIRE(it.eventually([&] { return told.has_value(); }));
  REQUIRE_FALSE(*told);
  CHECK(told->error().code == code::unavailable);
}
