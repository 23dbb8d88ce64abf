// Services by name, and what may be chosen for one of them.
#include <doctest/doctest.h>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;

options with_service(const char* text) {
  options settings;
  const auto read = parse_service_options(text);
  REQUIRE(read);
  settings.services[read->service] = read->options;
  return settings;
}

}  // namespace

TEST_CASE("services are interned once and listed by name") {
  router_fixture it;
  CHECK(it.core.intern("test.Echo") == it.echo);
  const service_ref other = it.core.intern("test.Another");
  CHECK(other != it.echo);
  CHECK(it.core.name_of(other) == "test.Another");
  CHECK(it.core.services() == std::vector<std::string>{"test.Another", "test.Echo"});
}

TEST_CASE("the policy of a service can be changed while running") {
  router_fixture it;
  it.connected(3);
  REQUIRE(it.core.set_policy("test.Echo", balance::policy_kind::round_robin));
  std::vector<node_id> order;
  for (int i = 0; i < 6; ++i) {
    it.call();
    order.push_back(it.last<transmit>().to);
  }
  CHECK(order[0] == order[3]);
  CHECK(order[1] == order[4]);
  CHECK(order[0] != order[1]);
  CHECK(it.core.explain(it.echo, it.now).policy == "round_robin");
  const auto refused = it.core.set_policy("test.Nothing", balance::policy_kind::random);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == code::not_found);
}

TEST_CASE("an order goes before options, options before the IDL, the IDL before the default") {
  const auto policy_of = [](const router_fixture& it) { return it.core.explain(it.echo, it.now).policy; };
  options settings;
  settings.policy = balance::policy_kind::random;
  router_fixture plain(settings);
  CHECK(policy_of(plain) == "random");
  plain.core.declare_policy(plain.echo, "a policy of next year");
  CHECK(policy_of(plain) == "random");
  plain.core.declare_policy(plain.echo, "round_robin");
  CHECK(policy_of(plain) == "round_robin");
  REQUIRE(plain.core.set_options("test.Echo", {balance::policy_kind::weighted, {}}));
  plain.core.declare_policy(plain.echo, "round_robin");
  CHECK(policy_of(plain) == "weighted");

  router_fixture configured(with_service("test.Echo:policy=least_loaded"));
  configured.core.declare_policy(configured.echo, "round_robin");
  CHECK(policy_of(configured) == "least_loaded");

  router_fixture weighed(with_service("test.Echo:load=.9"));  // weights only: the IDL's policy counts
  weighed.core.declare_policy(weighed.echo, "round_robin");
  CHECK(policy_of(weighed) == "round_robin");
}

TEST_CASE("a service's weights are its own, and can be changed while it runs") {
  router_fixture it(with_service("test.Echo:load=.9"));
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

TEST_CASE("what is chosen for a service that nobody has interned is refused, and interns nothing") {
  parts_fixture parts;
  CHECK(parts.services.set_policy("test.Nothing", balance::policy_kind::random).error().code ==
        code::not_found);
  CHECK(parts.services.set_options("test.Nothing", {}).error().code == code::not_found);
  CHECK_FALSE(parts.services.find("test.Nothing"));
  CHECK(parts.services.size() == 1);
}

TEST_CASE("a service's aperture is taken with its options, unless its weights are refused") {
  parts_fixture parts;
  REQUIRE(parts.services.set_options("test.Echo", {std::nullopt, {}, 7}));
  CHECK(parts.echo_state().aperture == 7);
  CHECK_FALSE(parts.services.set_options("test.Echo", {std::nullopt, {{"lod", 1}}, 9}));
  CHECK(parts.echo_state().aperture == 7);
}

TEST_CASE("times are told of the groups of methods that were measured") {
  parts_fixture parts;
  parts.connected(1);
  CHECK(parts.services.times_of(parts.echo).empty());
  for (int i = 0; i < 100; ++i) {
    call_spec spec = parts.spec();
    spec.method = 3;
    parts.out.clear();
    parts.calls.begin(spec, parts.now, parts.out);
    const auto sent = all_of<transmit>(parts.out);
    parts.now += 20ms;
    parts.calls.answered(sent.at(0).attempt, {}, parts.now, parts.out);
  }
  const auto times = parts.services.times_of(parts.echo);
  REQUIRE(times.size() == 1);
  CHECK(times[0].method == 3);
  CHECK(times[0].median > 15ms);
  CHECK(times[0].p99 >= times[0].median);
}
