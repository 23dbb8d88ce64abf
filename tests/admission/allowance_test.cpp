// Who is turned away first.
#include <doctest/doctest.h>

#include <troupe/admission/allowance.hpp>

using namespace troupe::admission;
using troupe::rpc::attempt_kind;
using troupe::rpc::criticalities;
using troupe::rpc::criticality;
using troupe::rpc::criticality_from_wire;

TEST_CASE("as a service fills up, the less critical stop first, and repeats before first attempts") {
  const auto at = [](criticality what, attempt_kind which) { return allowance(100, what, which); };
  CHECK(at(criticality::sheddable, attempt_kind::further) == 65);
  CHECK(at(criticality::sheddable, attempt_kind::first) == 70);
  CHECK(at(criticality::normal, attempt_kind::further) == 85);
  CHECK(at(criticality::normal, attempt_kind::first) == 90);
  CHECK(at(criticality::critical, attempt_kind::further) == 95);
  CHECK(at(criticality::critical, attempt_kind::first) == 100);
}

TEST_CASE("the smallest limit leaves room for one request of any kind") {
  for (std::uint32_t limit : {0u, 1u})
    for (std::uint8_t i = 0; i < criticalities; ++i)
      CHECK(allowance(limit, criticality_from_wire(i), attempt_kind::further) == 1);
  CHECK(allowance(4'000'000'000, criticality::critical, attempt_kind::first) == 4'000'000'000);
}

TEST_CASE("at its turn a request stays while its kind has room, not counting those who are leaving already") {
  const auto stays = [](fullness now, criticality what) { return may_stay(now, what, attempt_kind::first); };
  CHECK(stays({.in_flight = 90, .limit = 100}, criticality::normal));
  CHECK_FALSE(stays({.in_flight = 91, .limit = 100}, criticality::normal));
  CHECK(stays({.in_flight = 91, .leaving = 1, .limit = 100}, criticality::normal));
  CHECK_FALSE(stays({.in_flight = 91, .leaving = 1, .limit = 100}, criticality::sheddable));
  CHECK(stays({.in_flight = 100, .limit = 100}, criticality::critical));
}
