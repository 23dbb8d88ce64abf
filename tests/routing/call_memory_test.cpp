// Which calls the router remembers, and what of them.
#include <string>

#include <doctest/doctest.h>

#include <troupe/routing/attempt.hpp>
#include <troupe/routing/attempt_text.hpp>
#include <troupe/routing/call_memory.hpp>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("a call that was refused and went elsewhere is remembered, with the reasons") {
  router_fixture it;
  it.connected(2);
  auto spec = it.spec(rpc::safety::unsafe, 500ms);
  spec.method_name = "greet";
  const auto call = it.core.begin(spec, it.now, it.out);
  const auto first = it.last<transmit>();
  it.pass(3ms);
  it.refuse(first.attempt, code::unavailable, "restarting");
  const auto second = it.last<transmit>();
  REQUIRE(second.to != first.to);
  it.pass(2ms);
  it.answer(second.attempt);

  const auto& told = kept(it, call);
  CHECK(told.kept_for == recent_call::reason::repeated);
  CHECK(told.service == "test.Echo");
  CHECK(told.method == "greet");
  CHECK(told.policy == "dynamic_score");
  CHECK(told.took == 5ms);
  CHECK(told.allowed == 500ms);
  CHECK(told.code == code::ok);
  REQUIRE(told.attempts().size() == 2);
  CHECK(told.attempts()[0].record.node == first.to);
  CHECK(told.attempts()[0].name.starts_with("echo-"));
  CHECK(told.attempts()[0].address.ends_with(":7000"));
  CHECK(told.what_followed(0) == "tried elsewhere: it was not executed");
  CHECK(told.what_followed(1) == "its answer is the call's");
  // Of an attempt that is made because another one failed, the terms are known to be wanted.
  REQUIRE(told.attempts()[1].terms.size() == balance::score_terms);
  CHECK(told.attempts()[1].terms.front().name == "barred");
  CHECK(told.why_chosen(0) != "");
}

TEST_CASE("a failed call is remembered with what its caller was told, and why nothing followed") {
  router_fixture it;
  it.connected(1);
  const auto lost = it.call(rpc::safety::unsafe);
  it.down(1, "connection reset");
  const auto& told = kept(it, lost);
  CHECK(told.kept_for == recent_call::reason::failed);
  CHECK(told.code == code::unavailable);
  CHECK(told.text == it.last<finish>().failure.text);
  CHECK(told.what_followed(0) == "not repeated: it may have been executed, and the method is unsafe");
  CHECK(told.why_chosen(0) == "nobody else could take it");

  const auto cancelled = it.call();
  it.core.cancel(cancelled, it.now, it.out);
  CHECK(kept(it, cancelled).code == code::cancelled);
  CHECK(kept(it, cancelled).attempts().empty());
}

TEST_CASE("a backup is told from a repeat") {
  router_fixture it;
  it.connected(2);
  const auto call = it.call(rpc::safety::idempotent, 2s);
  const auto first = it.last<transmit>();
  it.pass(1500ms);
  REQUIRE(it.transmits() == 2);
  it.answer(it.last<transmit>().attempt);
  const auto& told = kept(it, call);
  REQUIRE(told.attempts().size() == 2);
  CHECK(told.attempts()[0].record.node == first.to);
  CHECK(told.what_followed(0) == "a backup was started elsewhere while it did not answer");
  CHECK(outcome_text(told.attempts()[0].record) == "no answer: withdrawn: another attempt answered first");
}

TEST_CASE("calls answered with an error and slow calls are kept, others only one in 64") {
  router_fixture it;
  know_replicas(it, 3);
  const auto declined = it.call();
  it.answer(it.last<transmit>().attempt, code::not_found);
  CHECK(kept(it, declined).kept_for == recent_call::reason::declined);
  CHECK(kept(it, declined).code == code::not_found);

  const auto slow = it.call(rpc::safety::unsafe, 10s);
  it.pass(2s);
  it.answer(it.last<transmit>().attempt);
  CHECK(kept(it, slow).kept_for == recent_call::reason::slow);

  std::size_t sampled = 0;
  constexpr std::size_t calls = 20'000;
  for (std::size_t i = 0; i < calls; ++i) {
    const auto call = it.call();
    it.answer(it.last<transmit>().attempt);
    it.out.clear();
    const auto* found = it.core.recent().find(call);
    CHECK((found != nullptr) == recent_calls::is_sampled(call));
    if (found == nullptr) continue;
    ++sampled;
    CHECK(found->attempts()[0].terms.size() == balance::score_terms);
  }
  CHECK(sampled > calls / 128);
  CHECK(sampled < calls / 32);
}

TEST_CASE("of a first attempt the terms are noted where the call is sampled, of a further one always") {
  parts_fixture parts;
  parts.connected(1);
  int sampled = 0;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    call_state call;
    call.id = {id};
    call.sampled = recent_calls::is_sampled(call.id);
    for (std::size_t attempt : {0, 1}) {
      const auto picked = pick_replica(call, balance::request::again::last_resort, parts.echo_state(),
                                       parts.random, parts.now);
      REQUIRE(picked);
      call.open(*picked, node_number(1), parts.now);
      note_terms(call, attempt, parts.echo_state());
    }
    CHECK(call.states[0].terms.has_value() == recent_calls::is_sampled(call.id));
    CHECK(call.states[1].terms.has_value());
    sampled += recent_calls::is_sampled(call.id);
  }
  CHECK(sampled > 0);
  CHECK(sampled < 50);
}

TEST_CASE("a call is remembered for the first reason that holds") {
  using reason = recent_call::reason;
  parts_fixture parts;
  call_state call;
  call.began = parts.now;
  const auto why = [&](attempt_id winner) {
    return worth_remembering(call, winner, parts.echo_state(), parts.now + 1h);
  };
  CHECK(why({}) == reason::failed);
  call.open({}, node_number(1), parts.now);
  CHECK(why(call.attempt(0)) == std::nullopt);  // nobody knows what would be slow
  call.records[0].code = code::not_found;
  CHECK(why(call.attempt(0)) == reason::declined);
  call.open({}, node_number(1), parts.now);
  CHECK(why(call.attempt(1)) == reason::repeated);
  call.bounced = true;  // and was let in elsewhere: nothing has failed
  CHECK(why(call.attempt(1)) == std::nullopt);
  CHECK(why({}) == reason::failed);
  call.sampled = true;
  CHECK(why(call.attempt(1)) == reason::sampled);
}
