// One request on its way: what it asks, how it ended, and that it always comes back.
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/outbox.hpp>

#include "serving/request_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::serving;
using admission::ending;
using admission::fate;
using troupe::serving::test::arrives;
using troupe::serving::test::failure_of;
using executed = incoming_request::executed;

struct way {
  way() {
    home->open([] {}, [this](outbox::item request) { back.push_back(std::move(request)); });
  }
  request_ptr let_in(const test::request_text& what = {}) {
    request_ptr request(arrives(what, now).release());
    request->let_in(gauges, home);
    return request;
  }
  incoming_request& last() { return *back.back(); }

  time_point now{1000s};
  service_gauges gauges;
  std::shared_ptr<outbox> home = std::make_shared<outbox>();
  std::vector<std::unique_ptr<incoming_request>> back;
};

}  // namespace

TEST_CASE("a request asks as its caller wrote it") {
  const time_point now{1000s};
  const auto it = arrives({.attempt = 9,
                           .number = 2,
                           .criticality = rpc::criticality::sheddable,
                           .bounce_at = 4,
                           .remaining = 3s},
                          now);
  const auto asking = it->asking();
  CHECK(it->attempt() == attempt_id{9});
  CHECK(it->deadline() == now + 3s);
  CHECK(asking.criticality == rpc::criticality::sheddable);
  CHECK(asking.attempt == rpc::attempt_kind::further);
  CHECK(asking.bounce_at == 4);
  CHECK(asking.bytes == it->bytes());
  CHECK(asking.bytes > 0);
}

TEST_CASE("a request that was let in comes back from wherever it is dropped, and says how it ended") {
  way it;
  SUBCASE("before its turn") {
    it.let_in().reset();
    REQUIRE(it.back.size() == 1);
    CHECK(it.last().ending() == ending::expired);
    CHECK_FALSE(it.last().was_completed());
    CHECK(failure_of(it.last()).code == code::unavailable);
    CHECK(failure_of(it.last()).how == wire::ending::refused);
  }
  SUBCASE("in the middle of its execution") {
    auto request = it.let_in();
    CHECK(request->take_turn({fate::begins}, it.now + 1ms));
    CHECK(it.gauges.times.serving() == 1);
    request.reset();
    REQUIRE(it.back.size() == 1);
    CHECK(it.gauges.times.serving() == 0);
    CHECK(it.last().ending() == ending::failed);
    CHECK_FALSE(it.last().was_completed());
    CHECK(failure_of(it.last()).how == wire::ending::executed);
  }
  SUBCASE("executed, with results") {
    auto request = it.let_in();
    CHECK(request->take_turn({fate::begins}, it.now + 2ms));
    request->complete(it.now + 5ms);
    request.reset();
    CHECK(it.last().ending() == ending::succeeded);
    CHECK(it.last().was_completed());
    CHECK(it.last().execution() == 3ms);
  }
  SUBCASE("executed, with an error") {
    auto request = it.let_in();
    CHECK(request->take_turn({fate::begins}, it.now));
    request->fail(code::not_found, "no such cart", executed::yes);
    request->complete(it.now);
    request.reset();
    CHECK(it.last().ending() == ending::failed);
    CHECK(it.last().was_completed());
  }
  SUBCASE("out of time before its turn") {
    auto request = it.let_in();
    CHECK_FALSE(request->take_turn({fate::too_late}, it.now + 3s));
    CHECK(it.gauges.times.serving() == 0);
    request.reset();
    CHECK(it.last().ending() == ending::expired);
    CHECK(it.last().has_expired());
    CHECK(failure_of(it.last()).code == code::deadline_exceeded);
    CHECK(failure_of(it.last()).how == wire::ending::refused);
  }
}

TEST_CASE("a request that its caller gave up is not begun, and has expired where that was at its deadline") {
  way it;
  SUBCASE("withdrawn by its caller before its turn") {
    auto request = it.let_in();
    request->cancel();
    CHECK_FALSE(request->take_turn({fate::begins}, it.now + request->allowed() / 2));
    CHECK_FALSE(request->has_expired());
    request.reset();
    CHECK(it.last().ending() == ending::expired);
  }
  SUBCASE("given up by its caller, whose clock is a little ahead") {
    auto request = it.let_in();
    request->cancel();
    CHECK_FALSE(request->take_turn({fate::begins}, it.now + request->allowed() * 99 / 100));
    CHECK(request->has_expired());
  }
}

TEST_CASE("a request gives way where the line says so, and tells that it waited too long") {
  way it;
  it.gauges.fullness.in_flight = 3;
  it.gauges.fullness.limit = 10;
  auto request = it.let_in();
  CHECK_FALSE(request->take_turn({fate::gives_way, 600ms}, it.now));
  CHECK(request->has_expired());
  CHECK(request->turned_away());
  CHECK(it.gauges.fullness.leaving == 1);
  request.reset();
  CHECK(it.last().ending() == ending::gave_way);
}

TEST_CASE("a request gives way at its turn where its kind has no room any more") {
  way it;
  it.gauges.fullness.in_flight = 10;
  it.gauges.fullness.limit = 10;
  auto critical = it.let_in({.criticality = rpc::criticality::critical});
  CHECK(critical->take_turn({fate::begins}, it.now));
  auto normal = it.let_in();
  CHECK_FALSE(normal->take_turn({fate::begins}, it.now));
  CHECK(normal->turned_away());
  normal.reset();
  CHECK(it.last().ending() == ending::gave_way);
  CHECK(failure_of(it.last()).code == code::resource_exhausted);
}

TEST_CASE("a refusal says why, and only one for overload is a turning away") {
  const auto draining = arrives({}, {});
  draining->refuse(admission::refusal::draining);
  CHECK_FALSE(draining->turned_away());
  CHECK(failure_of(*draining).code == code::unavailable);
  const auto overloaded = arrives({}, {});
  overloaded->refuse(admission::refusal::overloaded);
  CHECK(overloaded->turned_away());
  const auto bounced = arrives({}, {});
  bounced->bounce();
  CHECK_FALSE(bounced->turned_away());
  CHECK(failure_of(*bounced).how == wire::ending::bounced);
  CHECK_FALSE(bounced->was_let_in());
}
