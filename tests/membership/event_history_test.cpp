// The last events, numbered.
#include <doctest/doctest.h>

#include <troupe/membership/event_history.hpp>

#include "facts.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

event joined(std::uint64_t node, std::size_t services) {
  event what{event_kind::joined, {}};
  what.subject.self = life_of(node);
  what.subject.document.services.assign(services, {"shop.Cart", 1, 100});
  return what;
}

}  // namespace

TEST_CASE("events are numbered without gaps, and keep how many services there were rather than which") {
  event_history kept;
  CHECK(kept.last() == 0);
  CHECK(kept.after(0).empty());
  kept.note(joined(2, 3), "", time_point{} + 1s);
  kept.note({event_kind::died, {}}, "node-7", time_point{} + 2s);
  CHECK(kept.last() == 2);
  const auto all = kept.after(0);
  REQUIRE(all.size() == 2);
  CHECK(all[0].number == 1);
  CHECK(all[0].at == time_point{} + 1s);
  CHECK(all[0].services == 3);
  CHECK(all[0].subject.self == life_of(2));
  CHECK(all[0].subject.document.services.empty());
  CHECK(all[1].kind == event_kind::died);
  CHECK(all[1].accuser == "node-7");
  CHECK(kept.after(1).size() == 1);
  CHECK(kept.after(2).empty());
}

TEST_CASE("the oldest events are forgotten, as the numbers show") {
  event_history kept;
  for (std::uint64_t i = 0; i < event_history::events_max + 10; ++i)
    kept.note(joined(2, 0), "", time_point{});
  const auto all = kept.after(0);
  CHECK(all.size() == event_history::events_max);
  CHECK(all.front().number == 11);
  CHECK(all.back().number == kept.last());
}
