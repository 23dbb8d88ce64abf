// What a method declares: the defaults, and what contradicts itself.
#include <doctest/doctest.h>

#include <troupe/rpc/method_traits.hpp>

using namespace troupe;
using namespace troupe::rpc;

TEST_CASE("a method of which nothing is declared is unsafe, not hedged, and has a second") {
  const method_traits silent;
  CHECK(silent.safety == safety::unsafe);
  CHECK(silent.hedge == hedging::off);
  CHECK(silent.backup == backing::on);
  CHECK_FALSE(silent.criticality);
  CHECK(silent.timeout == 1s);
  CHECK(validate(silent));
}

TEST_CASE("hedging and an unsafe method contradict each other") {
  method_traits declared{.hedge = hedging::on};
  REQUIRE_FALSE(validate(declared));
  CHECK(validate(declared).error().code == code::invalid_argument);
  CHECK(validate(declared).error().text.find("an unsafe method twice") != std::string::npos);
  for (const auto sound : {safety::idempotent, safety::read_only}) {
    declared.safety = sound;
    CHECK(validate(declared));
  }
}

TEST_CASE("hedging and no second attempt contradict each other") {
  const method_traits declared{.safety = safety::read_only, .hedge = hedging::on, .backup = backing::off};
  REQUIRE_FALSE(validate(declared));
  CHECK(validate(declared).error().text.find("$Troupe.backup(false)") != std::string::npos);
}
