// What happens to a service's processes under load, and that its callers do not notice: idempotent calls
// only, from one caller, to three replicas.
#include <csignal>
#include <load_generator/steady_load.hpp>
#include <optional>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/admin.troupe.hpp>

#include "cluster/running_example.hpp"
#include "hello.troupe.hpp"

namespace {

using namespace std::chrono_literals;
using troupe::test::example;

constexpr double calls_per_second = 1000;

/// Three greeters under a steady load of calls.
class loaded_greeters {
 public:
  loaded_greeters()
      : hello_("hello", {}, 3),
        load_(calls_per_second, [greeter = hello_.node().client<hello::Greeter>()](
                                    std::uint64_t, troupe::load::steady_load::done done) {
          greeter.greet("ann").then([done = std::move(done)](auto reply) {
            if (reply)
              done(troupe::code::ok, "");
            else
              done(reply.error().code, reply.error().explain());
          });
        }) {
    std::this_thread::sleep_for(500ms);  // so that the router has figures of all three
  }

  example& hello() { return hello_; }

  /// Waits, up to a bound that says "never" rather than "slow".
  template <class Holds>
  bool eventually(Holds holds) {
    for (const auto limit = troupe::actor::now() + 20s; troupe::actor::now() < limit;) {
      if (holds()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  /// Whether this caller's router still chooses the node.
  bool chosen(const std::string& node) {
    const auto told = hello_.node().explain("hello.Greeter");
    REQUIRE(bool(told));
    for (const auto& candidate : told->candidates)
      if (candidate.name == node) return candidate.why.empty();
    return false;
  }

  troupe::local::node_status status(const std::string& node) {
    auto found = hello_.cluster().find(node);
    REQUIRE(bool(found));
    return *found;
  }

  void check_that_nobody_noticed() {
    load_.stop_sending();
    CHECK(load_.drained(10s));
    for (const auto& failure : load_.records().failures()) FAIL_CHECK(failure);
    CHECK(load_.records().failed() == 0);
    CHECK(load_.records().ended() == load_.sent());
    CHECK(load_.sent() > 0);
  }

 private:
  example hello_;
  troupe::load::steady_load load_;
};

std::optional<troupe::node_id> id_of(troupe::node& in, const std::string& name) {
  for (const auto& member : in.members())
    if (member.name == name) return member.self.node;
  return std::nullopt;
}

}  // namespace

TEST_CASE("no idempotent call fails when the process of one of three replicas is killed") {
  loaded_greeters three;
  three.hello().kill("greeter-2");
  CHECK(three.eventually([&] { return !three.chosen("greeter-2"); }));
  std::this_thread::sleep_for(500ms);
  three.check_that_nobody_noticed();
}

TEST_CASE(
    "a frozen replica is left alone, no idempotent call fails, and it is chosen again when it goes on") {
  loaded_greeters three;
  REQUIRE(three.hello().cluster().pause("greeter-2"));
  CHECK(three.eventually([&] { return !three.chosen("greeter-2"); }));
  std::this_thread::sleep_for(500ms);
  REQUIRE(three.hello().cluster().resume("greeter-2"));
  CHECK(three.eventually([&] { return three.chosen("greeter-2"); }));
  three.check_that_nobody_noticed();
}

TEST_CASE("a replica that is told to stop finishes what it has, ends with code 0, and no call fails") {
  loaded_greeters three;
  const auto id = id_of(three.hello().node(), "greeter-2");
  REQUIRE(id.has_value());
  // Requests take long enough that some are under way when the signal comes.
  const auto slowed =
      three.hello().node().client<troupe::admin::Admin>().fault("hello.Greeter", 100'000, 0).on(*id).wait();
  REQUIRE_MESSAGE(slowed, (slowed ? "" : slowed.error().explain()));
  REQUIRE(three.hello().cluster().kill("greeter-2", SIGTERM));
  CHECK(three.eventually(
      [&] { return three.status("greeter-2").state == troupe::local::process_state::exited; }));
  CHECK(three.status("greeter-2").ending == "exited with code 0");
  three.check_that_nobody_noticed();
}

TEST_CASE("a rolling restart of all three replicas fails no call") {
  loaded_greeters three;
  for (const auto* node : {"greeter-1", "greeter-2", "greeter-3"}) {
    CAPTURE(node);
    REQUIRE(three.hello().cluster().restart(node));
    REQUIRE(troupe::local::wait_until_ready(three.hello().cluster(), {node}, 20s));
    CHECK(three.eventually([&] { return three.chosen(node); }));
  }
  three.check_that_nobody_noticed();
}
