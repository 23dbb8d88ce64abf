// Handlers through real nodes of one process: what they are told, what becomes of what they do wrong, and
// whose turn it is.
#include <future>
#include <string>

#include <doctest/doctest.h>

#include <troupe/admin.troupe.hpp>

#include "service/lab.hpp"

using namespace troupe;
using lab::eventually;

namespace {

/// One node that serves, one that calls, and an aide on the caller's.
struct duo {
  explicit duo(const hosting& how = {}, node_options serving = lab::options_of("server"))
      : server(std::move(serving)), caller(lab::options_of("caller", {lab::address_of(server)})) {
    lab::host_bench(server, told, how);
    caller.host<lab::aide>({.runs_on = placement::event_loop}, caller.name());
    REQUIRE(eventually([this] {
      return lab::servers_known(caller, "lab.Bench") == 1 && lab::servers_known(server, "lab.Aide") == 1;
    }));
  }

  std::shared_ptr<lab::notes> told = std::make_shared<lab::notes>();
  node server;
  node caller;
  client<lab::Bench> bench = caller.client<lab::Bench>();
};

std::string text(capnp::Text::Reader what) { return {what.begin(), what.size()}; }

call_error failure_of(const duo& with, const char* how) {
  const auto reply = with.bench.fail(how).wait();
  REQUIRE_FALSE(reply);
  return reply.error();
}

struct service_counts {
  std::uint64_t requests = 0, refused = 0, expired = 0, failed = 0, restarts = 0, in_flight = 0;
};

service_counts counts_of(const node& of) {
  const auto reply = of.client<admin::Admin>().services().on(of.self().node).wait();
  REQUIRE(reply);
  for (const auto each : reply->getServices())
    if (each.getName() == "lab.Bench")
      return {each.getRequests(), each.getRefused(),  each.getExpired(),
              each.getFailed(),   each.getRestarts(), each.getInFlight()};
  FAIL("the node does not serve it");
  return {};
}

/// `count` calls at once; how many of them succeeded.
template <class Make>
int at_once(int count, Make make) {
  std::atomic<int> good{0};
  std::atomic<int> back{0};
  for (int i = 0; i < count; ++i)
    make(i).then([&](auto reply) {
      good += reply ? 1 : 0;
      ++back;
    });
  REQUIRE(eventually([&] { return back == count; }));
  return good;
}

}  // namespace

TEST_CASE("calls travel with plain arguments and with a builder, whatever the placement, near and far") {
  for (const auto where : {placement::event_loop, placement::pool, placement::thread}) {
    CAPTURE(to_string(where));
    const duo both({.runs_on = where});
    for (const auto* from : {&both.caller, &both.server}) {
      const auto bench = from->client<lab::Bench>();
      const auto said = bench.echo("h\xc3\xa9llo").wait();
      REQUIRE(said);
      CHECK(text(said->getText()) == "h\xc3\xa9llo");
      CHECK(said->getNode() == "server");
      CHECK(bench.echo("").wait()->getText() == "");
    }
    for (const std::uint32_t pieces : {3u, 4u}) {
      const auto put = both.bench
                           .put([pieces](auto params) {
                             auto item = params.initItem();
                             item.setName("apple");
                             item.setPieces(pieces);
                           })
                           .wait();
      REQUIRE(put);
      CHECK(put->getPieces() == (pieces == 3 ? 3 : 7));
    }
    // Larger than a link copies.
    const std::string large(200'000, 'x');
    CHECK(both.bench.echo(large).wait()->getText().size() == large.size());
  }
}

TEST_CASE("a handler is told who calls, with what, for how long, and in which trace") {
  const duo both;
  const auto reply = both.bench.about("tenant").with("other", "no").with("tenant", "acme").within(5s).wait();
  REQUIRE(reply);
  const auto facts = reply->getFacts();
  CHECK(facts.getCaller() == "caller");
  CHECK(facts.getMetadata() == "acme");
  CHECK(facts.getAttempt() == 1);
  CHECK(facts.getRemainingMicros() > 0);
  CHECK(facts.getRemainingMicros() <= 5'000'000);
  CHECK(text(facts.getTrace()).size() == 55);
  const auto again = both.bench.about("tenant").wait();
  REQUIRE(again);
  CHECK(again->getFacts().getMetadata() == "");
  CHECK(text(again->getFacts().getCallId()) != text(facts.getCallId()));
  CHECK(text(again->getFacts().getTrace()) != text(facts.getTrace()));
  CHECK(again->getFacts().getRemainingMicros() > 5'000'000);  // the interface's own timeout
}

TEST_CASE("a call made in a handler inherits deadline and trace") {
  const duo both;
  const auto reply = both.bench.relay("facts").within(4s).wait();
  REQUIRE(reply);
  CHECK(reply->getFacts().getCaller() == "server");
  CHECK(reply->getFacts().getNode() == "caller");
  CHECK(reply->getFacts().getRemainingMicros() <= 4'000'000);
  CHECK(reply->getFacts().getRemainingMicros() > 0);
  const auto outer = text(reply->getText());
  const auto inner = text(reply->getFacts().getTrace());
  CHECK(outer.substr(0, 35) == inner.substr(0, 35));
  CHECK(outer != inner);  // the span is the inner call's own

  // The inner call would take a minute: it ends with the outer one's time.
  const auto began = std::chrono::steady_clock::now();
  const auto slow = both.bench.relay("slow").within(300ms).wait();
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code == code::deadline_exceeded);
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("whatever a handler throws becomes the caller's error, and the service lives on") {
  const duo both;
  const auto thrown = failure_of(both, "exception");
  CHECK(thrown.code == code::internal);
  CHECK(thrown.text.find("out of paper") != std::string::npos);
  CHECK(thrown.target == "lab.Bench.fail");
  REQUIRE(thrown.attempts.size() == 1);
  CHECK(thrown.attempts[0].node == "server");
  CHECK(failure_of(both, "something").code == code::internal);
  const auto application = failure_of(both, "application");
  CHECK(application.code == code::not_found);
  CHECK(application.text == "no such cart");
  const auto message = failure_of(both, "kj");
  CHECK(message.code == code::internal);
  CHECK(message.text.find("a message of the handler's own") != std::string::npos);
  CHECK(failure_of(both, "results").code == code::internal);
  CHECK(failure_of(both, "suspended").code == code::aborted);
  const auto said = failure_of(both, "ctx.fail");
  CHECK(said.code == code::out_of_range);
  CHECK(said.text == "beyond the shelf");
  // Each was executed once: what a handler answered is never repeated, read-only or not.
  CHECK(both.told->executed == 7);
  CHECK(both.bench.missing().wait().error().code == code::unimplemented);
  const auto inner = both.bench.relay("value").wait();
  REQUIRE_FALSE(inner);
  CHECK(inner.error().code == code::deadline_exceeded);
  CHECK(both.told->constructed == 1);
  CHECK(both.bench.echo("still there").wait());
  const auto counts = counts_of(both.server);
  CHECK(counts.restarts == 0);
  CHECK(counts.in_flight == 0);
  CHECK(counts.failed == 9);
}

TEST_CASE("a caller that gives up is seen by the handler") {
  const duo both;
  const auto reply = both.bench.hold().within(100ms).wait();
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == code::deadline_exceeded);
  CHECK(reply.error().took >= 100ms);
  CHECK(eventually([&] { return both.told->cancelled == 1; }));
  // So is one whose connection is gone.
  std::promise<void> back;
  both.bench.charge(1).then([&](auto) { back.set_value(); });
  REQUIRE(eventually([&] { return both.told->executed == 2; }));
  CHECK(lab::cut_links_to(both.server.address()) > 0);
  CHECK(eventually([&] { return both.told->cancelled == 2; }));
  back.get_future().wait();
}

TEST_CASE("a caller in the same process that gives up is seen by the handler, too") {
  const duo both;
  const auto reply = both.server.client<lab::Bench>().hold().on(both.server.self().node).within(100ms).wait();
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == code::deadline_exceeded);
  CHECK(eventually([&] { return both.told->cancelled == 1; }));
}

TEST_CASE("turns of a service never overlap, and interleave at co_await") {
  auto serving = lab::options_of("server");
  serving.pool_threads = 4;
  // Fixed: a machine that stalls for 50 ms would make an adaptive limit refuse some of so many at once.
  const duo both({.runs_on = placement::pool, .concurrency = concurrency::fixed}, serving);
  CHECK(at_once(400, [&](int) { return both.bench.tally(false); }) == 400);
  CHECK(both.told->tally == 400);
  CHECK(both.told->most_inside == 1);
  CHECK(at_once(50, [&](int) { return both.bench.tally(true); }) == 50);
  CHECK(both.told->tally == 450);
  CHECK(both.told->most_inside > 1);
}

TEST_CASE("a handler that blocks its own thread keeps nobody else waiting") {
  const duo both({.runs_on = placement::thread});
  both.server.client<lab::Aide>();
  std::promise<bool> unblocked;
  both.bench.block(1500).then([&](auto reply) { unblocked.set_value(static_cast<bool>(reply)); });
  REQUIRE(eventually([&] { return both.told->inside == 1; }));
  // The node's own admin service, on its event loop, answers meanwhile.
  for (int i = 0; i < 20; ++i)
    REQUIRE(both.caller.client<admin::Admin>().node().on(both.server.self().node).wait());
  CHECK(both.told->inside == 1);
  CHECK(unblocked.get_future().get());
}

TEST_CASE("waiting is refused where it would block others, with advice") {
  const duo both;
  const auto reply = both.bench.relay("wait").wait();
  REQUIRE(reply);
  CHECK(text(reply->getText()).find("lab.Aide.about FAILED_PRECONDITION") == 0);
  CHECK(text(reply->getText()).find("co_await") != std::string::npos);
  std::promise<code> seen;
  both.bench.echo("then").then([&](auto first) {
    CHECK(first);
    const auto second = both.bench.echo("wait").wait();
    seen.set_value(second ? code::ok : second.error().code);
  });
  CHECK(seen.get_future().get() == code::failed_precondition);
}

TEST_CASE("continuations run, in the actor and outside of actors, also where they throw") {
  const duo both;
  REQUIRE(both.bench.relay("then").wait());
  CHECK(eventually([&] { return both.told->continued == 1; }));
  std::promise<void> ran;
  both.bench.echo("x").then([&](auto) {
    ran.set_value();
    throw std::runtime_error("a continuation of the test's");
  });
  ran.get_future().wait();
  CHECK(both.bench.echo("the router lives").wait());
}

TEST_CASE("a service whose actor dies is started again, and its callers get an answer") {
  const duo both;
  const auto last = both.bench.relay("die").wait();
  REQUIRE_FALSE(last);
  CHECK(last.error().code == code::internal);
  CHECK(last.error().text.find("stopped before it answered") != std::string::npos);
  CHECK(eventually([&] { return both.told->destroyed == 1; }));
  // Refused unexecuted until it is back, which takes 100 ms.
  CHECK(eventually([&] { return static_cast<bool>(both.bench.echo("again").wait()); }));
  CHECK(both.told->constructed == 2);
  CHECK(counts_of(both.server).restarts == 1);
  // One that does not come up at once is tried again and again.
  both.told->constructions_that_throw = 2;
  REQUIRE_FALSE(both.bench.relay("die").wait());
  CHECK(eventually([&] { return static_cast<bool>(both.bench.echo("and again").within(2s).wait()); }));
  CHECK(both.told->constructed == 3);
  CHECK(counts_of(both.server).restarts == 4);
  CHECK(counts_of(both.server).in_flight == 0);
}

TEST_CASE("a service that cannot be constructed, or is there already, cannot be hosted") {
  node alone(lab::options_of("alone"));
  const auto told = std::make_shared<lab::notes>();
  told->constructions_that_throw = 1;
  for (const auto where : {placement::event_loop, placement::thread}) {
    told->constructions_that_throw = 1;
    try {
      lab::host_bench(alone, told, {.runs_on = where});
      FAIL("it was hosted");
    } catch (const start_error& problem) {
      CHECK(problem.code() == code::internal);
      CHECK(std::string(problem.what()).find("lab.Bench could not be constructed") == 0);
      CHECK(std::string(problem.what()).find("the shelf is empty") != std::string::npos);
    }
  }
  lab::host_bench(alone, told);
  CHECK_THROWS_WITH_AS(lab::host_bench(alone, told), doctest::Contains("hosts lab.Bench already"),
                       start_error);
  CHECK_THROWS_AS(lab::host_bench(alone, told, {.in_flight_max = 0}), start_error);
  CHECK(alone.client<lab::Bench>().echo("x").wait());
}

TEST_CASE("what a service does not admit is executed elsewhere, and only there") {
  const auto told = std::make_shared<lab::notes>();
  node small(lab::options_of("small"));
  node large(lab::options_of("large", {lab::address_of(small)}));
  node caller(lab::options_of("caller", {lab::address_of(small)}));
  lab::host_bench(small, told, {.in_flight_max = 1});
  lab::host_bench(large, told);
  REQUIRE(eventually([&] { return lab::servers_known(caller, "lab.Bench") == 2; }));
  const auto bench = caller.client<lab::Bench>();
  // Both links are up before it begins.
  REQUIRE(eventually([&] {
    (void)bench.echo("x").wait();
    return counts_of(small).requests > 0 && counts_of(large).requests > 0;
  }));
  REQUIRE(caller.set_policy("lab.Bench", balance::policy_kind::round_robin));
  told->executed = 0;
  std::thread releaser([&] {
    CHECK(eventually([&] { return told->executed == 20; }));
    told->release = true;
  });
  CHECK(at_once(20, [&](int) { return bench.hold(); }) == 20);
  releaser.join();
  CHECK(told->executed == 20);
  CHECK(counts_of(small).refused > 0);
  CHECK(told->attempts.size() == 20);
  const std::lock_guard lock(told->mutex);
  for (const auto& [id, times] : told->executions) CHECK(times == 1);
}

TEST_CASE("an overloaded service says so when there is nobody else, without having executed anything") {
  const duo both({.in_flight_max = 1});
  std::promise<bool> first;
  both.bench.hold().then([&](auto reply) { first.set_value(static_cast<bool>(reply)); });
  REQUIRE(eventually([&] { return both.told->executed == 1; }));
  const auto second = both.bench.hold().within(1s).wait();
  REQUIRE_FALSE(second);
  CHECK(second.error().explain().find("overloaded") != std::string::npos);
  CHECK(both.told->executed == 1);
  both.told->release = true;
  CHECK(first.get_future().get());
}

TEST_CASE("a request that runs out of time in the queue is not executed") {
  const duo both({.runs_on = placement::thread});
  std::promise<void> unblocked;
  both.bench.block(800).then([&](auto) { unblocked.set_value(); });
  REQUIRE(eventually([&] { return both.told->inside == 1; }));
  const auto late = both.bench.about("").within(50ms).wait();
  REQUIRE_FALSE(late);
  CHECK(late.error().code == code::deadline_exceeded);
  unblocked.get_future().wait();
  REQUIRE(both.bench.put([](auto) {}).wait());  // behind it in the queue
  CHECK(both.told->executed == 0);
  CHECK(counts_of(both.server).expired == 1);
}

TEST_CASE("a call made in a handler is as critical as the one that it serves, unless its method says more") {
  const duo both;
  const auto seen = [](const auto& reply) {
    REQUIRE(reply);
    return text(reply->getFacts().getCriticality());
  };
  CHECK(seen(both.bench.minor("ask").wait()) == "sheddable");
  CHECK(seen(both.bench.major("ask").wait()) == "critical");
  CHECK(seen(both.bench.minor("insist").wait()) == "critical");
  CHECK(seen(both.server.client<lab::Aide>().about(0).wait()) == "normal");
  CHECK(seen(both.server.client<lab::Aide>().about(0).as(criticality::sheddable).wait()) == "sheddable");
}

TEST_CASE("a service that fills up turns away the sheddable first, the critical last") {
  const duo both({.in_flight_max = 10, .concurrency = concurrency::fixed});
  std::atomic<int> back{0};
  const auto ended = [&](const auto&) { ++back; };
  const auto refused = [](const auto& reply) {
    return !reply && reply.error().code == code::resource_exhausted;
  };
  int held = 0;
  const auto filled_to = [&](int count, auto make) {
    for (; held < count; ++held) make().then(ended);
    return eventually([&] { return counts_of(both.server).in_flight == static_cast<unsigned>(count); });
  };
  REQUIRE(filled_to(7, [&] { return both.bench.minor("hold"); }));
  CHECK(refused(both.bench.minor("hold").within(2s).wait()));
  REQUIRE(filled_to(9, [&] { return both.bench.hold(); }));
  CHECK(refused(both.bench.hold().within(2s).wait()));
  REQUIRE(filled_to(10, [&] { return both.bench.major("hold"); }));
  CHECK(refused(both.bench.major("hold").within(2s).wait()));
  CHECK(both.told->executed == 10);
  both.told->release = true;
  CHECK(eventually([&] { return back == 10; }));
}

TEST_CASE("what was admitted gives way at its turn to more critical requests that came after it") {
  const duo both({.runs_on = placement::thread, .in_flight_max = 10, .concurrency = concurrency::fixed});
  std::atomic<int> back{0};
  const auto ended = [&](const auto&) { ++back; };
  const auto waiting = [&](unsigned count) {
    return eventually([&] { return counts_of(both.server).in_flight == count; });
  };
  both.bench.block(lab::bench::until_released).then(ended);
  REQUIRE(eventually([&] { return both.told->inside == 1; }));
  for (int i = 0; i < 6; ++i) both.bench.minor("").then(ended);
  REQUIRE(waiting(7));
  for (int i = 0; i < 3; ++i) both.bench.major("").then(ended);
  REQUIRE(waiting(10));
  both.told->release = true;
  REQUIRE(eventually([&] { return back == 10; }));
  int minor = 0;
  int major = 0;
  for (const auto& [criticality, attempt] : both.told->attempts) {
    if (attempt > 1) continue;
    minor += criticality == "sheddable";
    major += criticality == "critical";
  }
  CHECK(major == 3);
  // Ten were there and seven of them may be sheddable; the one that ends meanwhile makes room for one more.
  CHECK(minor >= 3);
  CHECK(minor <= 4);
  CHECK(counts_of(both.server).refused >= 2);
  CHECK(counts_of(both.server).in_flight == 0);
}

TEST_CASE("a cancelled request that still waits is not executed") {
  const duo both({.runs_on = placement::thread});
  std::atomic<int> back{0};
  both.bench.block(lab::bench::until_released).then([&](const auto&) { ++back; });
  REQUIRE(eventually([&] { return both.told->inside == 1; }));
  for (int i = 0; i < 5; ++i) both.bench.echo("x").within(20ms).then([&](const auto&) { ++back; });
  REQUIRE(eventually([&] { return back == 5; }));
  both.told->release = true;
  REQUIRE(eventually([&] { return back == 6; }));
  REQUIRE(both.bench.put([](auto) {}).wait());
  CHECK(both.told->executed == 0);
}

TEST_CASE("a slow call is hedged where its method allows it, and the loser learns that nobody waits") {
  const auto told = std::make_shared<lab::notes>();
  node one(lab::options_of("one"));
  node two(lab::options_of("two", {lab::address_of(one)}));
  auto patient = lab::options_of("caller", {lab::address_of(one)});
  patient.routing.stall_min = 30s;  // no backup comes first
  node caller(patient);
  lab::host_bench(one, told);
  lab::host_bench(two, told);
  REQUIRE(eventually([&] { return lab::servers_known(caller, "lab.Bench") == 2; }));
  REQUIRE(caller.set_policy("lab.Bench", balance::policy_kind::round_robin));
  const auto bench = caller.client<lab::Bench>();
  for (int i = 0; i < 300; ++i) REQUIRE(bench.swift().wait());
  {
    const std::lock_guard lock(told->mutex);
    told->slow = "two";
  }
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) CHECK(bench.swift().within(20s).wait());
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  CHECK(eventually([&] { return told->cancelled > 0; }));
}

TEST_CASE("messages over the limit fail their call, not the link that others use") {
  auto serving = lab::options_of("server");
  serving.links.frames.words_max = 1u << 14;  // 128 KiB
  const duo both({}, serving);
  std::promise<bool> other;
  both.bench.hold().then([&](auto reply) { other.set_value(static_cast<bool>(reply)); });
  REQUIRE(eventually([&] { return both.told->executed == 1; }));
  const auto large = both.bench.bulk([](auto params) { params.setBytes(1u << 20); }).wait();
  REQUIRE_FALSE(large);
  CHECK(large.error().code == code::resource_exhausted);
  CHECK(large.error().text.find("over the limit") != std::string::npos);
  const auto own =
      both.server.client<lab::Bench>().bulk([](auto params) { params.initData(1u << 20); }).wait();
  REQUIRE_FALSE(own);
  CHECK(own.error().code == code::resource_exhausted);
  CHECK(both.told->executed == 2);  // large parameters never left
  both.told->release = true;
  CHECK(other.get_future().get());
}

TEST_CASE("parameters nested too deep are refused by the reader, and the service lives on") {
  const duo both;
  const auto dig = [&](int depth) {
    return both.bench
        .walk([depth](auto params) {
          auto tree = params.initTree();
          for (int i = 0; i < depth; ++i) tree = tree.initChild();
        })
        .wait();
  };
  const auto shallow = dig(20);
  REQUIRE(shallow);
  CHECK(shallow->getDepth() == 20);
  const auto deep = dig(2000);
  REQUIRE_FALSE(deep);
  CHECK(deep.error().code == code::internal);
  CHECK(deep.error().text.find("nested") != std::string::npos);
  CHECK(dig(3));
}

TEST_CASE("a call to a service that nobody serves fails with a sentence") {
  node alone(lab::options_of("alone"));
  const auto reply = alone.client<lab::Bench>().echo("x").within(200ms).wait();
  REQUIRE_FALSE(reply);
  CHECK(reply.error().explain().find("lab.Bench") != std::string::npos);
  CHECK(reply.error().took < 10s);
}
