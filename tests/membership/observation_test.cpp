// What an observer sees, and believes.
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/observation.hpp>

#include "core_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};

/// An observer that hears what the test says, each time in a sync of its own.
struct observer {
  observation seen{100};
  time_point now = start + 1h;
  std::vector<member> changed;

  /// One turn with these facts and tombstones, after which the sync is over.
  void hear(std::vector<update> facts, std::vector<sync_digest> stones = {}) {
    changed.clear();
    sync_message opening, turn;
    auto session = seen.begin(address_of(2), opening);
    turn.from = life_of(2);
    turn.facts = std::move(facts);
    turn.tombstones = std::move(stones);
    turn.more = !turn.facts.empty() || !turn.tombstones.empty();
    const auto answer = seen.receive(session, turn, now, changed);
    REQUIRE(answer);
    if (session.done()) return;
    sync_message last;
    last.from = life_of(2);
    CHECK(seen.receive(session, last, now, changed));
    CHECK(session.done());
  }
  const member& of(std::uint64_t node) const { return seen.members().at({node}); }
};

}  // namespace

TEST_CASE("an observer sees what it is told, and hears each time who is not as before") {
  observer one;
  CHECK_FALSE(one.seen.made());
  one.hear({offering(2, 1, "shop.Cart"), about(3)});
  CHECK(one.seen.made());
  CHECK(one.changed.size() == 2);
  CHECK(one.of(2).document.services.size() == 1);
  CHECK(one.of(2).since == one.now);
  one.now += 1s;
  one.hear({about(2), about(3, state::suspect)});
  REQUIRE(one.changed.size() == 1);
  CHECK(one.changed[0].self == life_of(3));
  CHECK(one.of(3).state == state::suspect);
  CHECK(one.of(3).since == one.now);
}

TEST_CASE("an observer believes the newer, and a new life starts anew") {
  observer one;
  one.hear({offering(2, 3, "shop.Cart")});
  auto next = about(2, state::alive, 5);
  next.mode = mode::draining;
  one.hear({next});
  CHECK(one.of(2).incarnation == 5);
  CHECK(one.of(2).mode == mode::draining);
  CHECK(one.of(2).document.version == 3);
  one.hear({about(2, state::dead, 4), offering(2, 2, "old.Cart")});
  CHECK(one.changed.empty());
  CHECK(one.of(2).state == state::alive);
  CHECK(one.of(2).document.version == 3);
  one.hear({about(2, state::alive, 0, 11)});
  CHECK(one.of(2).self == life_of(2, 11));
  CHECK(one.of(2).document.version == 0);
  CHECK(one.of(2).incarnation == 0);
}

TEST_CASE("a suspect that is not named any more was not at fault") {
  observer one;
  one.hear({about(2), accused(3, state::suspect, 2)});
  CHECK(one.of(3).accuser == node_id{2});
  one.hear({accused(3, state::suspect, 2)});
  CHECK(one.changed.empty());
  one.hear({});
  REQUIRE(one.changed.size() == 1);
  CHECK(one.of(3).state == state::alive);
  CHECK(one.of(3).accuser == node_id{});
}

TEST_CASE("an observer takes tombstones of whom it knows, in the life that it knows") {
  observer one;
  one.hear({about(2), about(3)});
  one.hear(
      {},
      {{life_of(2), 0, 0, state::left}, {life_of(3, 9), 0, 0, state::dead}, {life_of(7), 0, 0, state::dead}});
  CHECK(one.of(2).state == state::left);
  CHECK(one.of(3).state == state::alive);
  CHECK(one.seen.size() == 2);
}

TEST_CASE("whoever comes after the most members is not seen") {
  observation small(2);
  sync_message opening, turn;
  std::vector<member> changed;
  auto session = small.begin(address_of(2), opening);
  turn.from = life_of(2);
  turn.facts = {about(2), about(3), about(4)};
  REQUIRE(small.receive(session, turn, start, changed));
  CHECK(small.size() == 2);
  CHECK(changed.size() == 2);
  CHECK_FALSE(small.find({4}));
}

TEST_CASE("a busy member has not answered, and a message that is wrong changes nothing") {
  observation seen(100);
  sync_message opening, busy;
  std::vector<member> changed;
  auto session = seen.begin(address_of(2), opening);
  CHECK_FALSE(opening.from.node);
  busy.kind = sync_kind::busy;
  busy.from = life_of(2);
  const auto answer = seen.receive(session, busy, start, changed);
  REQUIRE(answer);
  CHECK_FALSE(*answer);
  CHECK(session.refused());
  CHECK_FALSE(seen.made());
  CHECK_FALSE(seen.receive(session, busy, start, changed));  // after the end
}

TEST_CASE("an observer that asks a core has its view, and from then on only what has changed") {
  core_fixture s;
  s.meet(20);
  observation seen(100);
  const auto look = [&] {
    std::vector<member> changed;
    sync_message opening;
    auto asking = seen.begin(address_of(1), opening);
    auto answering = s.node.serve_sync();
    std::optional<sync_message> said = opening;
    while (true) {
      const auto answer = s.node.receive_sync(answering, *said, s.now, s.out);
      REQUIRE(answer);
      if (!*answer) break;
      const auto next = seen.receive(asking, **answer, s.now, changed);
      REQUIRE(next);
      if (!*next) break;
      said = **next;
    }
    s.node.end_sync(answering);
    CHECK(asking.done());
    return changed.size();
  };
  CHECK(look() == 20);
  CHECK(seen.members().size() == s.node.members().size());
  CHECK(look() == 0);
  s.gossip(3, {about(5, state::left), accused(6, state::suspect, 3)});
  CHECK(look() == 2);
  CHECK(seen.members().at({5}).state == state::left);
  CHECK(seen.members().at({6}).state == state::suspect);
  s.gossip(6, {about(6, state::alive, 1)});
  CHECK(look() == 1);
  CHECK(seen.members().at({6}).state == state::alive);
}
