// What holds for one service, by name: what can be said, what it changes, and what is refused.
#include <string>

#include <doctest/doctest.h>

#include <troupe/routing/options.hpp>
#include <troupe/routing/service_options.hpp>

using namespace troupe;
using namespace troupe::routing;

namespace {

std::string problem(std::string_view name, std::string_view value) {
  service_options of;
  const auto done = of.set(name, value);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == code::invalid_argument);
  return done.error().text;
}

/// The first option of this name with another value than the usual one, which is within the bounds.
template <class Struct>
std::string other_value(const option& of) {
  const Struct usual;
  const double value = std::get<double>(of.read(&usual));
  if (of.kind == option_kind::time) return std::to_string(static_cast<std::int64_t>(value) + 1000) + "ns";
  if (of.kind == option_kind::count) return std::to_string(static_cast<std::int64_t>(value) + 1);
  return std::to_string(value * 1.01);
}

}  // namespace

TEST_CASE("each option of balance and retry can be another one for one service") {
  const auto check = [](const auto& list, auto usual_of, auto of_service) {
    for (const auto& each : list.options) {
      CAPTURE(each.name);
      service_options own;
      using home = std::remove_cvref_t<decltype(usual_of(std::declval<const options&>()))>;
      const auto value = other_value<home>(each);
      REQUIRE(own.set(list.full_name(each), value));
      options all;
      all.services["shop.Cart"] = own;
      REQUIRE(all.validate());
      const auto& usual = usual_of(all);
      home expected = usual;
      REQUIRE(each.set(&expected, value, each.name));
      CHECK(each.read(&expected) != each.read(&usual));
      const auto changed = of_service(all, "shop.Cart");
      CHECK(each.read(&changed) == each.read(&expected));
      const auto other = of_service(all, "shop.Other");
      CHECK(each.read(&other) == each.read(&usual));
    }
  };
  const auto balancing = [](const options& of, const char* service) { return of.balancing_of(service); };
  check(
      balance::options::list(), [](const options& of) -> auto& { return of.balance; }, balancing);
  check(
      balance::weights::list(), [](const options& of) -> auto& { return of.balance.weight; },
      [&](const options& of, const char* service) { return balancing(of, service).weight; });
  check(
      balance::ejection_options::list(), [](const options& of) -> auto& { return of.balance.ejection; },
      [&](const options& of, const char* service) { return balancing(of, service).ejection; });
  check(
      retry::options::list(), [](const options& of) -> auto& { return of.retry; },
      [](const options& of, const char* service) { return of.repeating_of(service); });
}

TEST_CASE("an option of one service is refused by its name, its value and its bounds") {
  CHECK(problem("balance.tie", "2") == "option balance.tie is '2': it must be at least 0 and below 1");
  CHECK(problem("retry.attempts-max", "9") == "option retry.attempts_max is '9': it must be 1 to 8");
  CHECK(problem("aperture", "many").find("option aperture is 'many': it must be a whole number") == 0);
  CHECK(problem("policy", "round_robbin").find("did you mean 'round_robin'?") != std::string::npos);
  CHECK(problem("weights.lod", "1").find("\"lod\" is no term of the score. There are: barred, ") == 0);
  CHECK(problem("lod", "1").find("'lod' means nothing of a service; there are policy, ") == 0);
  CHECK(problem("lod", "1").find("did you mean 'load'?") != std::string::npos);
  CHECK(problem("balance.tei", "1").find("did you mean 'balance.tie'?") != std::string::npos);
  CHECK(problem("calls_max", "5").find("means nothing of a service") != std::string::npos);
}

TEST_CASE("options of a service that do not fit together are refused with the service's name") {
  options all;
  REQUIRE(all.services["shop.Cart"].set("balance.ejection.longest", "500ms"));
  const auto checked = all.validate();
  REQUIRE_FALSE(checked);
  CHECK(checked.error().text ==
        "service shop.Cart: option balance.ejection.longest is 500 ms: it must be at least "
        "balance.ejection.first, 1 s");
  REQUIRE(all.services["shop.Cart"].set("balance.ejection.first", "100ms"));
  CHECK(all.validate());
}

TEST_CASE("a weight may exceed the usual ones where the bar is raised as well") {
  options all;
  auto& own = all.services["shop.Cart"];
  REQUIRE(own.set("cost", "99"));
  CHECK_FALSE(all.validate());
  REQUIRE(own.set("balance.weight.barred", "200"));
  CHECK(all.validate());
  CHECK(all.balancing_of("shop.Cart").weight.cost == 99);
}

TEST_CASE("changed options are in a service's line, too") {
  const auto read = parse_service_options("shop.Cart:balance.tie=.1,load=.5,retry.attempts_max=2");
  REQUIRE(read);
  CHECK(to_text(*read) == "shop.Cart:load=0.5,balance.tie=.1,retry.attempts_max=2");
  const auto again = parse_service_options(to_text(*read));
  REQUIRE(again);
  CHECK(to_text(*again) == to_text(*read));
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
    CHECK(problem(weight).find(": it must be a number, at least 0") != std::string::npos);
}
