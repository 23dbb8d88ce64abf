// A service's options as people write them.
#include <doctest/doctest.h>

#include <troupe/routing/service_options.hpp>

namespace {

using namespace troupe;
using namespace troupe::routing;

}  // namespace

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
    CHECK(problem(weight).find("is not a number") != std::string::npos);
}
