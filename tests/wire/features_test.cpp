// Sets of features.
#include <doctest/doctest.h>

#include <troupe/wire/features.hpp>

using namespace troupe::wire;

TEST_CASE("what both sides speak is what each of them does") {
  const feature_set ours{feature::load_queries, feature::bouncing};
  const feature_set theirs{feature::bouncing, feature::presence};
  CHECK((ours & theirs) == feature_set{feature::bouncing});
  CHECK((ours & feature_set{}) == feature_set{});
  CHECK(ours.with(feature::presence) == feature_set::all());
  CHECK(feature_set::all().without(feature::presence) == ours);
  CHECK(ours.without(feature::presence) == ours);
}

TEST_CASE("every feature has a number below their count, a name, and is in the set of all") {
  for (std::uint16_t number = 0; number < feature_count; ++number) {
    CHECK(feature_set::all().has(static_cast<feature>(number)));
    CHECK(to_string(static_cast<feature>(number)) != "?");
  }
  CHECK(to_string(feature_set::all()) == "load_queries, bouncing, presence");
  CHECK(to_string(feature_set{}) == "none");
}
