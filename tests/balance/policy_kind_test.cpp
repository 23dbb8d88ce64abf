// Names of policies, as options and the command have them.
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <troupe/balance/policy.hpp>

using namespace troupe;
using namespace troupe::balance;

TEST_CASE("each line of policies.def is a policy of its own, whose name parses back") {
  std::set<std::string_view> names;
  for (const auto kind : policy_kinds()) {
    const auto parsed = parse_policy_kind(to_string(kind));
    REQUIRE(parsed);
    CHECK(*parsed == kind);
    CHECK(make_policy(kind)->name() == to_string(kind));
    names.insert(to_string(kind));
  }
  CHECK(names.size() == policy_names.size());
  const auto wrong = parse_policy_kind("fastest");
  REQUIRE_FALSE(wrong);
  for (const auto name : names) CHECK(wrong.error().text.find(name) != std::string::npos);
}
