// Which events leave at once, and which together.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/event_batch.hpp>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

event of(event_kind kind) { return {kind, {}}; }

struct batch {
  options settings;
  time_point now = time_point{} + 1h;
  event_batch waiting{settings, now};
  open_suspicions doubts;

  void note(event_kind kind, pressing how = pressing::no) { waiting.note(of(kind), how, settings); }
  happened released() {
    std::vector<event> all;
    waiting.release(settings, doubts, now, all);
    return kinds(all);
  }
  void suspect(std::uint64_t who, int accusers) {
    suspicion doubt({100}, trust::full, bounds_of(settings, 50), now);
    for (int i = 1; i < accusers; ++i) doubt.confirm({100u + static_cast<unsigned>(i)}, trust::full, now);
    doubts.open({who}, doubt);
  }
};

}  // namespace

TEST_CASE("the first news leaves at once, what follows in one batch, and what presses takes all along") {
  batch b;
  CHECK(b.waiting.next_deadline() == never);
  b.note(event_kind::suspected);
  CHECK(b.released() == happened{event_kind::suspected});
  b.note(event_kind::suspected);
  b.note(event_kind::left);
  CHECK(b.released().empty());
  CHECK(b.waiting.next_deadline() == b.now + b.settings.event_interval);
  b.note(event_kind::joined, pressing::yes);
  CHECK(b.released() == happened{event_kind::suspected, event_kind::left, event_kind::joined});
  CHECK(b.waiting.next_deadline() == never);
}

TEST_CASE("deaths alone wait while others are about to follow, for a bounded time") {
  batch b;
  b.suspect(7, 2);
  b.note(event_kind::died);
  CHECK(b.released().empty());
  const auto limit = b.now + b.settings.verdict_wait;
  b.now = limit - 1ms;
  CHECK(b.released().empty());
  b.now = limit;
  CHECK(b.released() == happened{event_kind::died});
}

TEST_CASE("deaths wait for nobody whom only one suspects, nor with other news beside them") {
  batch b;
  b.suspect(7, 1);
  b.note(event_kind::died);
  CHECK(b.released() == happened{event_kind::died});
  b.suspect(7, 2);
  b.now += 1s;
  b.note(event_kind::died);
  b.note(event_kind::left);
  CHECK(b.released().size() == 2);
}

TEST_CASE("at the end nothing is held back, and what is there already stays in front") {
  batch b;
  b.suspect(7, 2);
  b.note(event_kind::died);
  std::vector<event> all{of(event_kind::left)};
  b.waiting.release_all(b.now, all);
  CHECK(kinds(all) == happened{event_kind::left, event_kind::died});
  b.waiting.release_all(b.now, all);
  CHECK(all.size() == 2);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("events leave at once out of quiet, and then in batches, in their order") {
  core_fixture s{options{}};
  s.meet(30);
  s.run(1s);
  s.take();
  s.gossip(2, {accused(3, state::suspect, 2)});
  CHECK(kinds(s.out) == happened{event_kind::suspected});
  s.run(10ms);
  for (const std::uint64_t peer : {4, 5, 6}) s.gossip(2, {accused(peer, state::suspect, 2)});
  s.gossip(3, {about(3, state::alive, 1)});
  s.gossip(3, {accused(3, state::suspect, 2, 1)});
  CHECK(s.out.events.size() == 1);
  s.take();
  s.run(91ms);
  CHECK(kinds(s.out) == happened{event_kind::suspected, event_kind::suspected, event_kind::suspected,
                                 event_kind::refuted, event_kind::suspected});
  CHECK(s.out.events[3].subject.state == state::alive);
  CHECK(s.out.events[4].subject.state == state::suspect);
  s.node.leave(s.now, s.out);
  CHECK(s.out.events.back().kind == event_kind::left);  // nothing is held back at the end
}
