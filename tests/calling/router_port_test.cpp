// The door to the router, from both sides: when calls are due, and what becomes of them once it is closed.
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/calling/router_port.hpp>
#include <troupe/wire/signals.hpp>

namespace {

using namespace troupe;
using namespace troupe::calling;

call_ptr call_for(duration timeout) {
  auto call = std::make_shared<outgoing_call>();
  call->init({.service = "shop.Cart"}, "checkout");
  call->traits.timeout = timeout;
  return call;
}

struct port_fixture {
  port_fixture() {
    port.open([this] { ++wakes; });
  }
  std::vector<router_port::item> take() {
    std::vector<router_port::item> items;
    port.take(items);
    return items;
  }

  router_port port;
  int wakes = 0;
};

}  // namespace

TEST_CASE("a call's time runs from its submission") {
  port_fixture it;
  const auto call = call_for(250ms);
  const auto before = actor::now();
  it.port.submit(call);
  CHECK(call->started >= before);
  CHECK(call->started <= actor::now());
  CHECK(call->deadline == call->started + 250ms);
  const auto items = it.take();
  REQUIRE(items.size() == 1);
  CHECK(std::get<call_ptr>(items[0]) == call);
  CHECK_FALSE(call->problem());
}

TEST_CASE("a call that a handler makes is due no later than what the handler answers") {
  port_fixture it;
  const auto limit = actor::now() + 10s;
  const auto longer = call_for(30s);
  longer->not_after = limit;
  it.port.submit(longer);
  CHECK(longer->deadline == limit);
  const auto shorter = call_for(1s);
  shorter->not_after = limit;
  it.port.submit(shorter);
  CHECK(shorter->deadline == shorter->started + 1s);
}

TEST_CASE("a timeout that means no limit is one of a day, one below zero is over at once") {
  port_fixture it;
  const auto endless = call_for(duration::max());
  it.port.submit(endless);
  CHECK(endless->deadline == endless->started + 24h);
  const auto over = call_for(duration::min());
  it.port.submit(over);
  CHECK(over->deadline == over->started);
}

TEST_CASE("what is to run later has its time and its home, and no wait overflows") {
  port_fixture it;
  const auto home = std::make_shared<actor::turn_queue>();
  int ran = 0;
  const auto before = actor::now();
  it.port.after(20ms, home, [&ran] { ++ran; });
  it.port.after(duration::max(), nullptr, [] {});
  it.port.after(-1s, nullptr, [] {});
  const auto after = actor::now();
  const auto items = it.take();
  REQUIRE(items.size() == 3);
  const auto& soon = std::get<router_port::later>(items[0]);
  CHECK(soon.due >= before + 20ms);
  CHECK(soon.due <= after + 20ms);
  CHECK(soon.home == home);
  CHECK(ran == 0);
  soon.what();
  CHECK(ran == 1);
  CHECK(std::get<router_port::later>(items[1]).due >= before + 24h);
  CHECK(std::get<router_port::later>(items[1]).due <= after + 24h);
  CHECK(std::get<router_port::later>(items[2]).due >= before);
}

TEST_CASE("the router is woken once for what comes together, which it gets in order") {
  port_fixture it;
  const auto call = call_for(1s);
  it.port.submit(call);
  it.port.after(1s, nullptr, [] {});
  it.port.local_answer(wire::copy_to_frame(wire::short_frame(wire::pong{7})));
  CHECK(it.wakes == 1);
  const auto items = it.take();
  REQUIRE(items.size() == 3);
  CHECK(std::holds_alternative<call_ptr>(items[0]));
  CHECK(std::holds_alternative<router_port::later>(items[1]));
  CHECK(std::holds_alternative<wire::frame>(items[2]));
  it.port.submit(call);
  CHECK(it.wakes == 2);
}

TEST_CASE("closing gives back what nobody has taken") {
  port_fixture it;
  it.port.submit(call_for(1s));
  CHECK(it.port.close().size() == 1);
  CHECK(it.port.close().empty());
}

TEST_CASE("a call submitted after the node's end fails at once as UNAVAILABLE") {
  port_fixture it;
  it.port.close();
  const auto call = call_for(duration::max());

  SUBCASE("for whoever waits for it") {
    it.port.submit(call);
    call->wait();
  }
  SUBCASE("in its home, in a turn of its own") {
    call->home = std::make_shared<actor::turn_queue>();
    int told = 0;
    call->done = [&told](const call_ptr&) { ++told; };
    it.port.submit(call);
    CHECK(told == 0);
    std::vector<actor::turn_queue::item> items;
    call->home->items().take(items);
    REQUIRE(items.size() == 1);
    const auto returned = std::get<std::shared_ptr<actor::returned_call>>(items[0]);
    returned->resume(returned);
    CHECK(told == 1);
  }
  SUBCASE("without its continuation where that has no home: there is no event loop to run it on") {
    int told = 0;
    call->done = [&told](const call_ptr&) { ++told; };
    it.port.submit(call);
    CHECK(told == 0);
    call->wait();
  }

  REQUIRE(call->problem());
  CHECK(call->problem()->code == code::unavailable);
  CHECK(call->problem()->target == "shop.Cart.checkout");
  CHECK(it.wakes == 0);
}

TEST_CASE("what would run later, and answers, are dropped after the node's end") {
  port_fixture it;
  it.port.close();
  auto held = std::make_shared<int>(0);
  it.port.after(0s, nullptr, [held] {});
  it.port.local_answer(wire::copy_to_frame(wire::short_frame(wire::pong{7})));
  CHECK(held.use_count() == 1);
  CHECK(it.take().empty());
  CHECK(it.wakes == 0);
}

TEST_CASE("what was submitted before the router opened waits for it") {
  router_port port;
  port.submit(call_for(1s));
  int wakes = 0;
  port.open([&wakes] { ++wakes; });
  CHECK(wakes == 1);
}

TEST_CASE("the port knows the event loop's thread from others") {
  router_port port;
  CHECK_FALSE(port.on_event_loop());
  port.belongs_to(std::this_thread::get_id());
  CHECK(port.on_event_loop());
  std::optional<bool> elsewhere;
  std::thread([&] { elsewhere = port.on_event_loop(); }).join();
  CHECK(elsewhere == false);
}
