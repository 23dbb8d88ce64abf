// Calls by reflection through real nodes of one process: what a method declares acts as it does in a call by
// a generated stub.
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "desk.troupe.hpp"
#include "reflection/described.hpp"
#include "service/lab.hpp"

using namespace troupe;
using lab::eventually;

namespace {

/// Of the lab's bench; `json` are the parameters.
response<capnp::AnyPointer> ask_bench(const node& from, const std::string& method, const std::string& json) {
  const auto bench = described::interface<lab::Bench>("lab.Bench");
  const auto* const called = bench.find(method);
  REQUIRE(called != nullptr);
  const described::params made(*called, json);
  REQUIRE(made.outcome);
  return from.reflective().start(*called, made.builder.asReader()).wait();
}

std::string criticality_seen(const response<capnp::AnyPointer>& reply) {
  REQUIRE(reply);
  return reply->getAs<lab::Bench::MinorResults>().getFacts().getCriticality().cStr();
}

class clerk final : public desk::ClerkService {
 public:
  explicit clerk(std::string name) : name_(std::move(name)) {}
  task<> serve(context&, ServeParams::Reader, ServeResults::Builder results) override {
    results.setBy(name_);
    co_return;
  }

 private:
  std::string name_;
};

}  // namespace

TEST_CASE("a call made by reflection is answered like any other") {
  node server(lab::options_of("server"));
  lab::host_bench(server, std::make_shared<lab::notes>());
  node caller(lab::options_of("caller", {lab::address_of(server)}));
  REQUIRE(eventually([&] { return lab::servers_known(caller, "lab.Bench") == 1; }));
  const auto reply = ask_bench(caller, "echo", R"({"text": "mirror"})");
  REQUIRE(reply);
  CHECK(reply->getAs<lab::Bench::EchoResults>().getText() == "mirror");
}

TEST_CASE("a call made by reflection is as critical as its method is declared") {
  node server(lab::options_of("server"));
  lab::host_bench(server, std::make_shared<lab::notes>());
  server.host<lab::aide>({}, server.name());
  CHECK(criticality_seen(ask_bench(server, "minor", R"({"how": "ask"})")) == "sheddable");
  CHECK(criticality_seen(ask_bench(server, "major", R"({"how": "ask"})")) == "critical");
}

TEST_CASE("a slow call made by reflection is hedged where its method allows it") {
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
  for (int i = 0; i < 300; ++i) REQUIRE(ask_bench(caller, "swift", "{}"));
  {
    const std::lock_guard lock(told->mutex);
    told->slow = "two";
  }
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) CHECK(ask_bench(caller, "swift", "{}"));
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  CHECK(eventually([&] { return told->cancelled > 0; }));
}

TEST_CASE("calls with one affinity key reach one replica, made by reflection or by a stub") {
  node one(lab::options_of("one"));
  node two(lab::options_of("two", {lab::address_of(one)}));
  node three(lab::options_of("three", {lab::address_of(one)}));
  for (auto* const each : {&one, &two, &three}) each->host<clerk>({}, each->name());
  node caller(lab::options_of("caller", {lab::address_of(one)}));
  REQUIRE(eventually([&] { return lab::servers_known(caller, "test.Clerk") == 3; }));
  const auto view = described::interface<desk::Clerk>("test.Clerk");
  const auto& serve = *view.find("serve");
  const auto stub = caller.client<desk::Clerk>();
  std::set<std::string> seen;
  for (int i = 0; i < 12; ++i) {
    const auto customer = "customer " + std::to_string(i);
    const auto by_stub = stub.serve(customer).wait();
    REQUIRE(by_stub);
    const described::params made(serve, R"({"customer": ")" + customer + R"("})");
    const auto reflected = caller.reflective().start(serve, made.builder.asReader()).wait();
    REQUIRE(reflected);
    CHECK(reflected->getAs<desk::Clerk::ServeResults>().getBy() == by_stub->getBy());
    seen.insert(by_stub->getBy().cStr());
  }
  CHECK(seen.size() > 1);
}
