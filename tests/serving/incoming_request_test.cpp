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
    request->begin_execution(it.now + 1ms);
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
    request->begin_execution(it.now + 2ms);
    request->complete(it.now + 5ms);
    request.reset();
    CHECK(it.last().ending() == ending::succeeded);
    CHECK(it.last().was_completed());
    CHECK(it.last().waited() == 2ms);
    CHECK(it.last().execution() == 3ms);
  }
  SUBCASE("executed, with an error") {
    auto request = it.let_in();
    request->begin_execution(it.now);
    request->fail(code::not_found, "no such cart", executed::yes);
    request->complete(it.now);
    request.reset();
    CHECK(it.last().ending() == ending::failed);
    CHECK(it.last().was_completed());
  }
  SUBCASE("out of time before its turn") {
    auto request = it.let_in();
    request->fail(code::deadline_exceeded, "too late", executed::no);
    request.reset();
    CHECK(it.last().ending() == ending::expired);
  }
}

TEST_CASE("a request gives way at its turn where its kind has no room any more") {
  way it;
  it.gauges.fullness.in_flight = 10;
  it.gauges.fullness.limit = 10;
  auto critical = it.let_in({.criticality = rpc::criticality::critical});
  CHECK_FALSE(critical->gives_way());
  auto normal = it.let_in();
  CHECK(normal->gives_way());
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
