// Several calls at once, with a router that is a list: the test answers each call when it likes.
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/service/when_all.hpp>

using namespace troupe;

namespace {

using any_call = call<capnp::AnyPointer>;

class held_calls final : public calling::call_port {
 public:
  void submit(calling::call_ptr call) override {
    held.push_back(std::move(call));
    if (answer_at_once) answer(held.size() - 1, "at once");
  }
  void after(duration, std::shared_ptr<actor::turn_queue>, std::function<void()>) override {}
  bool on_event_loop() const override { return false; }

  void answer(std::size_t which, const std::string& text) {
    wire::reply_envelope reply;
    reply.results().setAs<capnp::Text>(text);
    auto answer = wire::open(wire::copy_to_frame(reply.message()), {}).value();
    const auto results = wire::read_reply(*answer)->results;
    held[which]->succeed(std::move(answer), results);
    calling::outgoing_call::finish(std::exchange(held[which], nullptr));
  }
  void fail(std::size_t which, const std::string& text) {
    call_error problem;
    problem.code = code::unavailable;
    problem.text = text;
    held[which]->fail(std::move(problem));
    calling::outgoing_call::finish(std::exchange(held[which], nullptr));
  }

  std::vector<calling::call_ptr> held;
  bool answer_at_once = false;
};

/// An actor, as far as handlers can tell.
struct stage {
  std::shared_ptr<held_calls> port = std::make_shared<held_calls>();
  std::shared_ptr<actor::turn_queue> queue = std::make_shared<actor::turn_queue>();
  std::vector<std::weak_ptr<calling::outgoing_call>> made;

  any_call make() {
    auto fresh = std::make_shared<calling::outgoing_call>();
    fresh->init({"test.Service", 1, 0}, "ask");
    made.push_back(fresh);
    return {std::move(fresh), port};
  }
  std::vector<any_call> make(int count) {
    std::vector<any_call> calls;
    for (int i = 0; i < count; ++i) calls.push_back(make());
    return calls;
  }
  void start(task<>& handler) const {
    const actor::turn_queue::scope here(queue);
    handler.start([](void*) {}, nullptr);
  }
  void take_turns() {
    const actor::turn_queue::scope here(queue);
    std::vector<actor::turn_queue::item> taken;
    queue->items().take(taken);
    for (auto& item : taken) {
      const auto call = std::get<std::shared_ptr<actor::returned_call>>(item);
      call->resume(call);
    }
  }
  bool all_gone() const {
    for (const auto& each : made)
      if (!each.expired()) return false;
    return true;
  }
};

std::string text_of(const response<capnp::AnyPointer>& answer) {
  return answer ? std::string(answer->getAs<capnp::Text>().cStr()) : "failed: " + answer.error().text;
}

task<> ask_all(std::vector<any_call> calls, std::vector<std::string>& told) {
  for (const auto& answer : co_await when_all(std::move(calls))) told.push_back(text_of(answer));
  told.emplace_back("end");
}

task<> ask_both(any_call one, any_call other, std::vector<std::string>& told) {
  auto [first, second] = co_await when_all(std::move(one), std::move(other));
  told = {text_of(first), text_of(second), "end"};
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("all calls are made before any is waited for, and the answers come in the order of the calls") {
  stage it;
  texts told;
  auto handler = ask_all(it.make(3), told);
  it.start(handler);
  REQUIRE(it.port->held.size() == 3);
  it.port->answer(2, "c");
  it.port->answer(0, "a");
  it.take_turns();
  CHECK(told.empty());
  it.port->answer(1, "b");
  it.take_turns();
  CHECK(told == texts{"a", "b", "c", "end"});
  CHECK(handler.done());
  CHECK(it.all_gone());
}

TEST_CASE("a call that fails does not end the others") {
  stage it;
  texts told;
  auto handler = ask_all(it.make(2), told);
  it.start(handler);
  it.port->fail(0, "nobody there");
  it.take_turns();
  CHECK(told.empty());
  it.port->answer(1, "b");
  it.take_turns();
  CHECK(told == texts{"failed: nobody there", "b", "end"});
  CHECK(it.all_gone());
}

TEST_CASE("no calls are no wait") {
  stage it;
  texts told;
  auto handler = ask_all({}, told);
  it.start(handler);
  CHECK(told == texts{"end"});
}

TEST_CASE("calls that are answered while they are made") {
  stage it;
  it.port->answer_at_once = true;
  texts told;
  auto handler = ask_all(it.make(2), told);
  it.start(handler);
  it.take_turns();
  CHECK(told == texts{"at once", "at once", "end"});
}

TEST_CASE("calls of different kinds give a tuple") {
  stage it;
  texts told;
  auto handler = ask_both(it.make(), it.make(), told);
  it.start(handler);
  it.port->answer(1, "second");
  it.take_turns();
  CHECK(told.empty());
  it.port->answer(0, "first");
  it.take_turns();
  CHECK(told == texts{"first", "second", "end"});
  CHECK(it.all_gone());
}

TEST_CASE("a handler that is destroyed while it waits leaves nothing behind, whatever comes later") {
  stage it;
  texts told;
  {
    auto many = ask_all(it.make(2), told);
    auto both = ask_both(it.make(), it.make(), told);
    it.start(many);
    it.start(both);
    it.port->answer(0, "early");
    it.port->answer(2, "early");
    it.take_turns();
  }
  it.port->answer(1, "late");
  it.port->answer(3, "late");
  it.take_turns();
  CHECK(told.empty());
  CHECK(it.all_gone());
}
