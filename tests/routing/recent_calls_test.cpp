// The calls that are kept: how many, in which order, and the words for them.
#include <string>

#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("what is kept is bounded, each reason by itself, and listed from the newest on") {
  router_fixture it;
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
  router_fixture scored;
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
