// Slots and ids of the calls under way.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

}  // namespace

TEST_CASE("a slot is reused under a new id, and ids of the ended call are ignored") {
  router_fixture it;
  it.connected(1);
  const call_id first = it.call();
  const auto old = it.last<transmit>();
  it.answer(old.attempt);
  CHECK(it.finishes() == 1);
  const call_id second = it.call();
  CHECK(first != second);
  CHECK(router::slot_of(first) == router::slot_of(second));
  it.answer(old.attempt);
  it.core.unsent(old.attempt, "late", it.now, it.out);
  it.core.cancel(first, it.now, it.out);
  it.answer({old.attempt.value ^ 0xfff0000000});
  it.answer({0});
  CHECK(it.finishes() == 1);
  CHECK(it.core.calls_under_way() == 1);
}

TEST_CASE("beyond calls_max a call ends at once as RESOURCE_EXHAUSTED and the others are untouched") {
  options settings;
  settings.calls_max = 4;
  router_fixture it(settings);
  it.connected(1);
  for (int i = 0; i < 3; ++i) CHECK(router::slot_of(it.call()) < 4);
  const call_id refused = it.call();
  const call_id another = it.call();
  CHECK(refused != another);
  CHECK(router::slot_of(refused) == 0);
  REQUIRE(it.finishes() == 2);
  CHECK(it.last<finish>().call == another);
  CHECK(it.last<finish>().failure.code == code::resource_exhausted);
  CHECK(contains(it.last<finish>().failure.text, "calls_max"));
  CHECK(it.core.calls_under_way() == 3);
}

TEST_CASE("slots are given from 1 on, and the last one that was freed first") {
  call_slab slab(10);
  call_state* first = slab.acquire();
  CHECK(call_slab::slot_of(first->id) == 1);
  CHECK(first->phase == phase::parked);
  const call_id second = slab.acquire()->id;
  CHECK(call_slab::slot_of(second) == 2);
  CHECK(slab.live() == 2);
  slab.release(*slab.find(second));
  const call_id third = slab.acquire()->id;
  CHECK(call_slab::slot_of(third) == 2);
  CHECK(third != second);
  CHECK(slab.size() == 3);
}

TEST_CASE("a call that has ended is found by whoever asks for those, until its slot is used again") {
  call_slab slab(10);
  const call_id id = slab.acquire()->id;
  slab.at(1).open({}, {7}, {});
  slab.at(1).close(0, {});
  slab.release(slab.at(1));
  CHECK(slab.find(id) == nullptr);
  REQUIRE(slab.find_ended(id) != nullptr);
  CHECK(slab.find_ended(id)->records.size() == 1);
  CHECK(slab.acquire()->records.empty());
  CHECK(slab.find_ended(id) == nullptr);
  CHECK(slab.find_ended({0xffffff}) == nullptr);  // a slot that never was
}

TEST_CASE("a full slab refuses with slot 0, each time under another id") {
  call_slab slab(2);
  CHECK(slab.acquire() != nullptr);
  CHECK(slab.acquire() == nullptr);
  const call_id refused = slab.refuse().id;
  CHECK(call_slab::slot_of(refused) == 0);
  CHECK(slab.refuse().id != refused);
  CHECK(slab.live() == 1);
}
