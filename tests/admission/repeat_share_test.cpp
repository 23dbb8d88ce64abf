// Whether a refusal advises against trying again.
#include <doctest/doctest.h>

#include <troupe/admission/repeat_share.hpp>

using namespace troupe::admission;
using troupe::rpc::advice;
using troupe::rpc::attempt_kind;

TEST_CASE("trying again is of no use once a fifth of what comes has been elsewhere before") {
  repeat_share it;
  const auto note = [&](int times, int every) {
    for (int i = 0; i < times; ++i) it.note(i % every == 0 ? attempt_kind::further : attempt_kind::first);
  };
  SUBCASE("not while first attempts are nearly all of it") {
    note(1000, 8);
    CHECK(it.advice() == advice::may_retry);
  }
  SUBCASE("not on a few requests' evidence") {
    note(50, 1);
    CHECK(it.advice() == advice::may_retry);
  }
  SUBCASE("when a third of it are repeats, and not any more when they have ended") {
    note(1000, 3);
    CHECK(it.advice() == advice::do_not_retry);
    for (int i = 0; i < 300; ++i) it.note(attempt_kind::first);
    CHECK(it.advice() == advice::may_retry);
  }
}
