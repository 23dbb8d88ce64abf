// The words for what became of an attempt.
#include <doctest/doctest.h>

#include <troupe/routing/attempt_text.hpp>

namespace {

using namespace troupe;
using namespace troupe::routing;

}  // namespace

TEST_CASE("what became of an attempt is told by how far it got, and by its note") {
  attempt_record record;
  const auto text = [&](retry::fate fate, std::string note = {}) {
    record.fate = fate;
    record.note = std::move(note);
    return outcome_text(record);
  };
  CHECK(text(retry::fate::never_sent, "link full") == "not sent: link full");
  CHECK(text(retry::fate::bounced) == "bounced, not executed");
  CHECK(text(retry::fate::refused, "overloaded") == "refused, not executed: overloaded");
  CHECK(text(retry::fate::lost) == "no answer");
  CHECK(text(retry::fate::answered) == "OK");
}

TEST_CASE("why another attempt followed, or none, is told by what may be repeated") {
  attempt_record first;
  first.node = {1};
  first.fate = retry::fate::lost;
  first.ended = time_point{5s};
  attempt_record next;
  next.node = {2};
  next.started = time_point{6s};
  CHECK(sequel_text(first, &next, rpc::safety::read_only) == "tried elsewhere: the method changes nothing");
  CHECK(sequel_text(first, &next, rpc::safety::idempotent) == "tried elsewhere: the method is idempotent");
  CHECK(sequel_text(first, nullptr, rpc::safety::idempotent) ==
        "not repeated: attempts, budget or time were used up");
  CHECK(sequel_text(first, nullptr, rpc::safety::unsafe) ==
        "not repeated: it may have been executed, and the method is unsafe");
  next.node = {1};
  CHECK(sequel_text(first, &next, rpc::safety::idempotent) == "tried again there: the method is idempotent");
  next.started = time_point{4s};
  CHECK(sequel_text(first, &next, rpc::safety::idempotent) ==
        "a backup was started elsewhere while it did not answer");
  first.fate = retry::fate::answered;
  CHECK(sequel_text(first, nullptr, rpc::safety::unsafe) == "its answer is the call's");
}
