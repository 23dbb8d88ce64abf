// The way of a request through the server, from its caller to its service's queue and back, without links.
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/actor/engine.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/serving/request_desk.hpp>

#include "actor/environment_fixture.hpp"
#include "serving/request_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::serving;
using admission::fate;
using troupe::serving::test::arrives;
using troupe::serving::test::failure_of;
using troupe::serving::test::request_text;

/// A desk with one service, one caller in this process, and what it was answered.
struct desk_fixture {
  explicit desk_fixture(hosting how = {}) : echo({.name = "test.Echo", .how = std::move(how)}) {
    echo.queue = std::make_shared<actor::turn_queue>();
    echo.core.life().launched(actor::now());
    echo.core.life().began();
    local.node = std::make_shared<const sender>(sender{{{7}, {1}}, "shop-1"});
    local.features = wire::feature_set::all();
    desk.open([] {}, [this] { ++left_in_drain; });
  }
  ~desk_fixture() { take(); }  // what is left is handed back while there is a desk

  void send(const request_text& what = {}) { desk.take(arrives(what, actor::now()), local, &echo); }
  /// What waits in the service's queue.
  std::vector<request_ptr> take() {
    std::vector<actor::turn_queue::item> items;
    echo.queue->items().take(items);
    std::vector<request_ptr> requests;
    for (auto& each : items) {
      auto& queued = std::get<std::unique_ptr<actor::queued_request, actor::hand_back>>(each);
      requests.emplace_back(static_cast<incoming_request*>(queued.release()));
    }
    return requests;
  }
  wire::idl::Reply::Reader answer() {
    message = std::make_unique<wire::message>(answers.back(), wire::frame_limits{});
    return message->root().getReply();
  }

  actor::engine engine{1};
  actor::environment shared = troupe::test::environment_of(engine, "pay-2");
  std::vector<wire::frame> answers;
  time_point woken = never;
  int left_in_drain = 0;
  hosted_service echo;
  caller local;
  request_desk desk{shared,
                    {},
                    {.local_answer = [this](wire::frame answer) { answers.push_back(std::move(answer)); },
                     .wake_by = [this](time_point at) { woken = at; }}};
  std::unique_ptr<wire::message> message;
};

}  // namespace

TEST_CASE("a request goes to its service's queue, counts as in flight, and its answer brings the load") {
  desk_fixture it;
  it.send({.attempt = 3});
  it.send({.attempt = 4});
  CHECK(it.desk.in_flight() == 2);
  CHECK(it.echo.gauges.fullness.in_flight == 2);
  CHECK(it.local.in_flight_of(&it.echo) == 2);
  auto waiting = it.take();
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0]->caller_name() == "shop-1");
  CHECK(waiting[0]->take_turn({fate::begins}, actor::now()));
  waiting[0]->complete(actor::now());
  waiting[0].reset();
  REQUIRE(it.answers.size() == 1);
  CHECK(it.left_in_drain == 0);
  CHECK(it.answer().getAttemptId() == 3);
  CHECK(it.answer().isResults());
  CHECK(it.answer().getLoad().getInFlight() == 2);  // itself included
  CHECK(it.answer().getLoad().getYours() == 2);
  CHECK(it.desk.in_flight() == 1);
  CHECK(it.local.in_flight_of(&it.echo) == 1);
  CHECK(it.echo.core.counted().requests == 2);
}

TEST_CASE("who is not let in is answered at once, with the load") {
  desk_fixture it({.in_flight_max = 2});
  SUBCASE("its service is not here") {
    it.desk.take(arrives({}, actor::now()), it.local, nullptr);
    CHECK(code_from_wire(it.answer().getFailure().getCode()) == code::unavailable);
    CHECK_FALSE(it.answer().getLoad().getDraining());
  }
  SUBCASE("the node drains") {
    it.desk.drain(never);
    it.send();
    CHECK(code_from_wire(it.answer().getFailure().getCode()) == code::unavailable);
    CHECK(it.answer().getLoad().getDraining());
  }
  SUBCASE("the service is full") {
    it.send();
    it.send();
    it.send();
    CHECK(code_from_wire(it.answer().getFailure().getCode()) == code::resource_exhausted);
    CHECK(it.answer().getLoad().getOverloaded());
    CHECK(it.answer().getLoad().getInFlight() == 2);
    CHECK_FALSE(it.answer().getFailure().getNoRetry());
    for (int i = 0; i < 200; ++i) it.send({.number = 2});
    CHECK(it.answer().getFailure().getNoRetry());
  }
  SUBCASE("it meets more others than it wants to, who wait") {
    it.send();
    it.send({.bounce_at = 1});
    CHECK(it.answer().getFailure().getBounced());
    CHECK(it.answer().getLoad().getInFlight() == 1);
    CHECK(it.echo.core.counted().bounced == 1);
  }
}

TEST_CASE("a drain is over when the last request has left, and whoever waits for that is told") {
  desk_fixture it;
  it.send();
  it.desk.drain(never);
  CHECK_FALSE(it.desk.drained(actor::now()));
  it.take().clear();
  CHECK(it.left_in_drain == 1);
  CHECK(it.desk.drained(actor::now()));
}

TEST_CASE("whose link was made without bouncing is let in, whatever its requests say") {
  desk_fixture it;
  it.local.features = wire::feature_set::all().without(wire::feature::bouncing);
  it.send();
  it.send({.bounce_at = 1});
  CHECK(it.answers.empty());
  CHECK(it.desk.in_flight() == 2);
}

TEST_CASE("a request whose link has gone is executed or not, and answered to nobody") {
  desk_fixture it;
  it.send();
  it.local.cut();
  auto waiting = it.take();
  CHECK(waiting.at(0)->cancelled());
  waiting.clear();
  CHECK(it.answers.empty());
  CHECK(it.desk.in_flight() == 0);
  CHECK(it.echo.core.counted().expired == 1);
}

TEST_CASE("a request that gives way at its turn frees its room, and is told so") {
  desk_fixture it({.in_flight_max = 10});
  for (int i = 0; i < 9; ++i) it.send();
  it.send({.criticality = rpc::criticality::critical});
  auto waiting = it.take();
  REQUIRE(waiting.size() == 10);
  CHECK_FALSE(waiting[0]->take_turn({fate::begins}, actor::now()));
  CHECK(waiting[1]->take_turn({fate::begins}, actor::now()));
  CHECK(it.echo.gauges.fullness.leaving == 1);
  waiting[0].reset();
  CHECK(it.echo.gauges.fullness.leaving == 0);
  CHECK(it.answer().getLoad().getOverloaded());
  CHECK(it.echo.core.counted().refused == 1);
}

TEST_CASE("an injected fault holds requests back, or fails them") {
  desk_fixture it;
  it.echo.core.set_fault({.delay = 50ms});
  it.send();
  CHECK(it.take().empty());
  CHECK(it.woken == it.desk.next_delivery());
  it.desk.deliver_due(it.woken - 1ms);
  CHECK(it.take().empty());
  it.desk.deliver_due(it.woken);
  CHECK(it.desk.next_delivery() == never);
  CHECK(it.take().size() == 1);
  it.echo.core.set_fault({.fail_percent = 100});
  it.send();
  CHECK(it.answer().getFailure().getExecuted());
  CHECK(it.echo.core.counted().failed == 1);
}

TEST_CASE("results over the frame's limit are answered with an error in their place") {
  desk_fixture it;
  it.shared.links.frames.words_max = 128;
  it.send({.attempt = 5});
  auto waiting = it.take();
  CHECK(waiting.at(0)->take_turn({fate::begins}, actor::now()));
  waiting[0]->results().initAs<capnp::Text>(2000);
  waiting[0]->complete(actor::now());
  waiting.clear();
  CHECK(it.answer().getAttemptId() == 5);
  CHECK(code_from_wire(it.answer().getFailure().getCode()) == code::resource_exhausted);
  CHECK(it.answer().getFailure().getExecuted());
  CHECK(it.answer().getLoad().getInFlight() == 1);
}
