// How long a suspicion lasts.
#include <doctest/doctest.h>

#include <troupe/membership/suspicion.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};

options lifeguard() {
  options its;
  its.suspicion_alpha = 4;
  return its;
}

}  // namespace

TEST_CASE("a suspicion shrinks from its longest to its shortest with independent accusers") {
  const auto bounds = bounds_of(lifeguard(), 100);
  CHECK(bounds.shortest == 8s);  // alpha 4 x log10(100) x 1 s
  CHECK(bounds.longest == 48s);
  REQUIRE(bounds.confirmations == 3);
  suspicion doubt({1}, trust::full, bounds, start);
  CHECK(doubt.deadline() == start + 48s);
  CHECK_FALSE(doubt.confirm({1}, trust::full, start));
  CHECK(doubt.confirm({2}, trust::full, start));
  const auto after_one = doubt.deadline();
  CHECK(after_one == start + 28s);  // log 2 / log 4 is a half
  CHECK(doubt.confirm({3}, trust::full, start));
  CHECK(doubt.deadline() < after_one);
  CHECK(doubt.confirm({4}, trust::full, start));
  CHECK(doubt.deadline() == start + 8s);
  CHECK_FALSE(doubt.confirm({5}, trust::full, start));
  doubt.postpone(2s);
  CHECK(doubt.deadline() == start + 10s);
}

TEST_CASE("in a cluster too small for confirmations a suspicion is short from the start") {
  for (const std::size_t live : {1, 2, 3, 4}) {
    suspicion doubt({1}, trust::full, bounds_of(lifeguard(), live), start);
    CHECK(doubt.deadline() == start + 4s);
    CHECK(doubt.is_lone());
    CHECK_FALSE(doubt.confirm({2}, trust::full, start));
    CHECK_FALSE(doubt.is_lone());  // the cluster may grow meanwhile, and then it counts
  }
  CHECK(bounds_of({}, 5).confirmations == 3);
}
