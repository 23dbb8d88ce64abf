// How much a call matters, as a number on the wire and as a word.
#include <doctest/doctest.h>

#include <troupe/rpc/criticality.hpp>

using namespace troupe::rpc;

TEST_CASE("a criticality that is none counts as normal") {
  CHECK(criticality_from_wire(2) == criticality::critical);
  CHECK(criticality_from_wire(3) == criticality::normal);
  CHECK(criticality_from_wire(255) == criticality::normal);
  CHECK(to_string(criticality::sheddable) == "sheddable");
  CHECK(to_string(static_cast<criticality>(9)) == "?");
}
