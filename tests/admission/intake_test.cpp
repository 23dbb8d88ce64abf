// Whom a node lets in: one request asks, and the answer says what becomes of it.
#include <optional>

#include <doctest/doctest.h>

#include <troupe/admission/intake.hpp>

namespace {

using namespace troupe;
using namespace troupe::admission;
using rpc::criticality;
using rpc::load_flag;
using kind = ruling::kind;

/// A node with one service that has begun, of which `executing` requests have had their first turn.
struct node {
  explicit node(options how = {}, std::size_t bytes_max = 1000) : door(bytes_max, 7), echo(how) {
    echo.life().launched(now);
    echo.life().began();
  }

  ruling ask(const request& what = {}) {
    return door.ask(echo, what, [this] {
      ++looks;
      return executing;
    });
  }
  std::optional<refusal> refused(const request& what = {}) {
    const auto told = ask(what);
    return told.what == kind::refuse ? std::optional(told.why) : std::nullopt;
  }

  time_point now{1000s};
  intake door;
  service echo;
  std::uint32_t executing = 0;
  int looks = 0;
};

}  // namespace

TEST_CASE("a request is let in, counts until it leaves, and is counted") {
  node it;
  CHECK(it.ask({.bytes = 600}).what == kind::admit);
  CHECK(it.echo.in_flight() == 1);
  CHECK(it.door.in_flight() == 1);
  CHECK(it.door.request_bytes() == 600);
  it.door.leave(it.echo, 600, ending::succeeded);
  CHECK(it.echo.in_flight() == 0);
  CHECK(it.door.in_flight() == 0);
  CHECK(it.door.request_bytes() == 0);
  CHECK(it.echo.counted().requests == 1);
}

TEST_CASE("a request is refused by a node that drains, a service that has not begun, and one that is down") {
  node it;
  service fresh({});
  CHECK(it.door.ask(fresh, {}, [] { return 0u; }).why == refusal::starting);
  fresh.life().launched(it.now);
  CHECK(it.door.ask(fresh, {}, [] { return 0u; }).why == refusal::starting);
  CHECK(fresh.counted().refused == 2);

  (void)it.echo.life().died(it.now);
  CHECK(it.refused() == refusal::restarting);
  it.echo.life().launched(it.now);
  CHECK(it.refused() == std::nullopt);
  it.echo.life().stopped();
  CHECK(it.refused() == refusal::restarting);
  it.door.drain(it.now + 5s);
  CHECK(it.refused() == refusal::draining);
  CHECK(it.echo.counted().refused == 3);
  CHECK(it.echo.counted().requests == 1);
}

TEST_CASE("a refusal for overload is told apart from one for what is over elsewhere") {
  CHECK(code_of(refusal::overloaded) == code::resource_exhausted);
  for (const auto why : {refusal::draining, refusal::starting, refusal::restarting}) {
    CHECK(code_of(why) == code::unavailable);
    CHECK(text_of(why) != text_of(refusal::overloaded));
  }
}

TEST_CASE("a service that is full refuses, the less critical first") {
  node it({.in_flight_max = 10});
  for (int i = 0; i < 9; ++i) CHECK(it.ask().what == kind::admit);
  CHECK(it.refused() == refusal::overloaded);
  CHECK(it.refused({.criticality = criticality::critical}) == std::nullopt);
  CHECK(it.refused({.criticality = criticality::critical}) == refusal::overloaded);
}

TEST_CASE("requests may hold so many bytes, over all services") {
  node it;
  service other({});
  other.life().launched(it.now);
  other.life().began();
  CHECK(it.ask({.bytes = 700}).what == kind::admit);
  CHECK(it.door.ask(other, {.bytes = 301}, [] { return 0u; }).why == refusal::overloaded);
  CHECK(it.door.ask(other, {.bytes = 300}, [] { return 0u; }).what == kind::admit);
  CHECK(it.door.request_bytes() == 1000);
  CHECK(it.door.in_flight() == 2);
}

TEST_CASE("a request goes back where it meets as many others as it said, and some of them wait") {
  node it;
  for (int i = 0; i < 4; ++i) CHECK(it.ask().what == kind::admit);
  CHECK(it.looks == 0);
  SUBCASE("not where it may meet more") { CHECK(it.ask({.bounce_at = 5}).what == kind::admit); }
  SUBCASE("not where all of them have had their first turn: those who are suspended keep nobody waiting") {
    it.executing = 4;
    CHECK(it.ask({.bounce_at = 4}).what == kind::admit);
    CHECK(it.looks == 1);
  }
  SUBCASE("where one of them waits") {
    it.executing = 3;
    CHECK(it.ask({.bounce_at = 4}).what == kind::bounce);
    CHECK(it.echo.in_flight() == 4);
    CHECK(it.echo.counted().bounced == 1);
    CHECK(it.echo.counted().refused == 0);
  }
  SUBCASE("and it is not one of those that a full service turned away") {
    node full({.in_flight_max = 1});
    CHECK(full.ask().what == kind::admit);
    CHECK(full.ask({.bounce_at = 1}).what == kind::bounce);
    CHECK(full.refused() == refusal::overloaded);
  }
}

TEST_CASE("a fault delays what is let in, and fails its share") {
  node it({.in_flight_max = 10'000});
  it.echo.set_fault({.delay = 20ms});
  CHECK(it.ask().delay == 20ms);
  it.echo.set_fault({.delay = 20ms, .fail_percent = 30});
  int failed = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto told = it.ask();
    const bool fails = told.end == ruling::on_purpose::failed;
    CHECK(told.what == kind::admit);
    CHECK(told.delay == (fails ? 0ms : 20ms));
    failed += fails ? 1 : 0;
  }
  CHECK(failed == doctest::Approx(600).epsilon(.1));
  it.echo.set_fault({.fail_percent = 100});
  CHECK(it.ask().end == ruling::on_purpose::failed);
}

TEST_CASE("a drain is over when nothing is in flight, or when its time is up") {
  node it;
  CHECK(it.ask().what == kind::admit);
  CHECK_FALSE(it.door.drained(it.now));
  CHECK(it.door.drain_limit() == never);
  it.door.drain(it.now + 5s);
  CHECK(it.door.drain_limit() == it.now + 5s);
  CHECK_FALSE(it.door.drained(it.now));
  SUBCASE("nothing is in flight") {
    it.door.leave(it.echo, 0, ending::succeeded);
    CHECK(it.door.drained(it.now));
  }
  SUBCASE("its time is up") { CHECK(it.door.drained(it.now + 5s)); }
}

TEST_CASE("a report says that the node drains, also where the service is not here") {
  node it;
  const auto report = [&] { return it.door.report(it.echo, {}, 0, service::refusing::yes); };
  CHECK(report().flags == load_flag::overloaded);
  CHECK(it.door.report_of_none().flags == load_flag::none);
  it.door.drain(never);
  CHECK(report().flags == load_flag::overloaded_and_draining);
  CHECK(it.door.report(it.echo, {}, 0, service::refusing::no).flags == load_flag::draining);
  CHECK(it.door.report_of_none().flags == load_flag::draining);
}
