// What the router remembers of its calls, the words it has for them, and where a service's policy comes from.
#include <string>

#include <doctest/doctest.h>

#include <troupe/routing/attempt_text.hpp>

#include "routing/stage.hpp"

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

namespace {

/// `count` replicas that have all answered: none of them is on trial.
void know_replicas(stage& it, int count) {
  it.connected(count);
  for (int i = 0; i < 20 * count; ++i) {
    it.call();
    it.pass(1ms);
    it.answer(it.last<transmit>().attempt);
  }
  it.out.clear();
}

const recent_call& kept(const stage& it, call_id call) {
  const auto* found = it.core.recent().find(call);
  REQUIRE(found != nullptr);
  return *found;
}

options with_service(const char* text) {
  options settings;
  const auto read = parse_service_options(text);
  REQUIRE(read);
  settings.services[read->service] = read->options;
  return settings;
}

}  // namespace

TEST_CASE("a call that was refused and went elsewhere is remembered, with the reasons") {
  stage it;
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
  stage it;
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
  stage it;
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
  stage it;
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

TEST_CASE("what is kept is bounded, each reason by itself, and listed from the newest on") {
  stage it;
  it.connected(1);
  const auto failed = it.call();
  it.core.cancel(failed, it.now, it.out);
  call_id last;
  for (std::size_t i = 0; i < recent_calls::kept_max + 10; ++i) {
    last = it.call();
    it.answer(it.last<transmit>().attempt, code::not_found);
    it.out.clear();
  }
  CHECK(it.core.recent().find(failed) != nullptr);
  const auto all = it.core.recent().list("test.Echo", 5000);
  CHECK(all.size() == recent_calls::kept_max + 1);
  CHECK(all.front()->id == last);
  CHECK(all.back()->id == failed);
  CHECK(it.core.recent().list("", 3).size() == 3);
  CHECK(it.core.recent().list("test.Nothing", 3).empty());
}

TEST_CASE("the reason why a replica was chosen names the policy and how many there were") {
  stage scored;
  know_replicas(scored, 3);
  const auto call = scored.call();
  scored.answer(scored.last<transmit>().attempt, code::not_found);
  const auto why = kept(scored, call).why_chosen(0);
  CHECK_MESSAGE(why.find("of 3 scores") != why.npos, why);

  REQUIRE(scored.core.set_policy("test.Echo", balance::policy_kind::round_robin));
  const auto next = scored.call();
  scored.answer(scored.last<transmit>().attempt, code::not_found);
  CHECK(kept(scored, next).why_chosen(0) == "round_robin among 3");

  auto spec = scored.spec();
  spec.only = node_number(2);
  const auto pinned = scored.core.begin(spec, scored.now, scored.out);
  scored.answer(scored.last<transmit>().attempt, code::not_found);
  CHECK(kept(scored, pinned).why_chosen(0) == "the call was pinned to it");
}

TEST_CASE("an order goes before options, options before the IDL, the IDL before the default") {
  const auto policy_of = [](const stage& it) { return it.core.explain(it.echo, it.now).policy; };
  options settings;
  settings.policy = balance::policy_kind::random;
  stage plain(settings);
  CHECK(policy_of(plain) == "random");
  plain.core.declare_policy(plain.echo, "a policy of next year");
  CHECK(policy_of(plain) == "random");
  plain.core.declare_policy(plain.echo, "round_robin");
  CHECK(policy_of(plain) == "round_robin");
  REQUIRE(plain.core.set_options("test.Echo", {balance::policy_kind::weighted, {}}));
  plain.core.declare_policy(plain.echo, "round_robin");
  CHECK(policy_of(plain) == "weighted");

  stage configured(with_service("test.Echo:policy=least_loaded"));
  configured.core.declare_policy(configured.echo, "round_robin");
  CHECK(policy_of(configured) == "least_loaded");

  stage weighed(with_service("test.Echo:load=.9"));  // weights only: the IDL's policy counts
  weighed.core.declare_policy(weighed.echo, "round_robin");
  CHECK(policy_of(weighed) == "round_robin");
}

TEST_CASE("a service's weights are its own, and can be changed while it runs") {
  stage it(with_service("test.Echo:load=.9"));
  it.connected(1);
  const auto other = it.core.intern("test.Other");
  it.appear(it.view(2, "test.Other"));
  const auto weight_of = [&](service_ref service, std::string_view term) {
    const auto seen = it.core.explain(service, it.now);
    for (const auto& each : seen.candidates.front().terms)
      if (each.name == term) return each.weight;
    return -1.;
  };
  CHECK(weight_of(it.echo, "load") == .9);
  CHECK(weight_of(other, "load") == balance::weights{}.load);
  REQUIRE(it.core.set_options("test.Echo", {std::nullopt, {{"load", .2}}}));
  CHECK(weight_of(it.echo, "load") == .2);
  const auto wrong = it.core.set_options("test.Echo", {balance::policy_kind::random, {{"lod", 1}}});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == code::invalid_argument);
  CHECK(wrong.error().text.find("There are: barred, unseen") != std::string::npos);
  CHECK(it.core.explain(it.echo, it.now).policy == "dynamic_score");               // nothing has changed
  CHECK_FALSE(it.core.set_options("test.Echo", {std::nullopt, {{"cost", 100}}}));  // barred would not bar
  CHECK(it.core.set_options("test.Nothing", {}).error().code == code::not_found);
  CHECK_FALSE(it.core.knows("test.Nothing"));
}

TEST_CASE("a service's options are read from one line, and written back") {
  const auto read = parse_service_options("shop.Cart:policy=consistent_hash,cost=1,load=.5");
  REQUIRE(read);
  CHECK(to_text(*read) == "shop.Cart:policy=consistent_hash,cost=1,load=0.5");
  CHECK(to_text(*parse_service_options("a:")) == "a:");
  const auto problem = [](std::string_view text) { return parse_service_options(text).error().text; };
  CHECK(problem("shop.Cart").find("is not SERVICE:KEY=VALUE") != std::string::npos);
  CHECK(
      problem("a:policy=fast").find("service a: \"fast\" is no balancing policy. There are: dynamic_score") ==
      0);
  CHECK(problem("a:load").find("'load' is not KEY=VALUE") != std::string::npos);
  for (const auto* weight : {"a:load=", "a:load=x", "a:load=nan", "a:load=1e", "a:load=inf"})
    CHECK(problem(weight).find("is not a number") != std::string::npos);
}
