// Joining by seeds, and finding together again.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/seeds.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("more seeds than are used are cut off with a note, and whoever is among others asks none") {
  step_fixture s;
  seeds all(s.now + 1s);
  std::vector<endpoint> many;
  for (std::uint64_t node = 2; node < 102; ++node) many.push_back(address_of(node));
  all.join(many, s.at());
  CHECK(s.out.notes.size() == 1);
  CHECK(s.take().syncs.size() == seeds::most);
  CHECK_FALSE(all.joined());
  all.answered();
  CHECK(all.joined());
  s.add(2);
  all.join({address_of(3)}, s.at());
  CHECK(s.out.syncs.empty());
}

TEST_CASE(
    "a joiner that is sent elsewhere asks one of the others, three times until its seeds are asked again") {
  step_fixture s;
  seeds all(s.now + 1h);
  all.join({address_of(2)}, s.at());
  s.take();
  const std::vector<endpoint> others{address_of(5), address_of(6)};
  for (int i = 0; i < 5; ++i) all.ask_elsewhere(others, s.at());
  for (const auto& asked_now : s.out.syncs) CHECK((asked_now == others[0] || asked_now == others[1]));
  CHECK(s.take().syncs.size() == 3);
  s.now = all.next_deadline();
  all.tick(s.at());
  CHECK(s.take().syncs == std::vector{address_of(2)});
  all.ask_elsewhere({address_of(1)}, s.at());  // itself
  all.ask_elsewhere({}, s.at());
  CHECK(s.out.syncs.empty());
  all.ask_elsewhere(others, s.at());
  CHECK(s.take().syncs.size() == 1);
  all.answered();
  all.ask_elsewhere(others, s.at());
  CHECK(s.out.syncs.empty());
}

TEST_CASE(
    "the dead are tried by the whole cluster once a period, by whoever is lonely each time, and who left is "
    "not") {
  const auto tried_in = [](std::uint64_t last, bool isolated, int periods) {
    step_fixture s;
    s.add_up_to(last);
    s.table.set_state(s.add(200), state::dead, {{1}}, s.random, s.now);
    s.add(201, state::left);
    seeds all(s.now);
    std::size_t tried = 0;
    for (int i = 0; i < periods; ++i, s.now = all.next_deadline()) {
      all.heal(isolated, s.at());
      for (const auto& ping : sent(s.take(), packet_kind::ping)) {
        ++tried;
        CHECK(ping.target == life_of(200));
        CHECK(find(ping, 200)->state == state::dead);
      }
    }
    return tried;
  };
  CHECK(tried_in(1, false, 100) > 90);  // alone
  CHECK(tried_in(50, true, 100) > 90);
  CHECK(tried_in(50, false, 1000) > 5);
  CHECK(tried_in(50, false, 1000) < 40);
}

TEST_CASE("a seed is tried by a lonely node, and by others only if no live member listens on it") {
  const auto asked_in = [](std::uint64_t last, bool isolated, std::uint64_t seed) {
    step_fixture s;
    seeds all(s.now);
    all.join({address_of(seed)}, s.at());
    all.answered();
    s.add_up_to(last);
    s.take();
    for (int i = 0; i < 1000; ++i, s.now = all.next_deadline()) all.heal(isolated, s.at());
    return s.out.syncs.size();
  };
  CHECK(asked_in(5, true, 2) == 1000);
  CHECK(asked_in(5, false, 2) == 0);
  CHECK(asked_in(5, false, 99) > 5);
  CHECK(asked_in(5, false, 99) < 60);
}

TEST_CASE("where healing is off nobody is tried") {
  step_fixture s;
  s.settings.healing = false;
  s.table.set_state(s.add(2), state::dead, {{1}}, s.random, s.now);
  seeds all(s.now);
  all.heal(true, s.at());
  CHECK(s.out.packets.empty());
  CHECK(all.next_deadline() > s.now);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("a joiner asks its seeds again and again until one answers") {
  core_fixture s;
  CHECK(s.node.joined());
  s.node.join({address_of(2), address_of(3)}, s.now, s.out);
  CHECK_FALSE(s.node.joined());
  CHECK(s.take().syncs.size() == 2);
  s.run(3s);
  CHECK(s.take().syncs.size() >= 4);
  s.merge(2, {about(2)});
  CHECK(s.node.joined());
  CHECK(kinds(s.out) == happened{event_kind::joined});
  REQUIRE(sent(s.out, packet_kind::gossip).size() == 1);  // it introduces itself at once
  CHECK(find(sent(s.out, packet_kind::gossip)[0], 1));
}

TEST_CASE("a seed that is the node itself counts as answered, the others are asked all the same") {
  core_fixture s;
  s.node.join({address_of(1), address_of(2)}, s.now, s.out);
  CHECK(s.node.joined());
  CHECK(s.out.syncs == std::vector<endpoint>{address_of(2)});
  s.take();
  s.run(3s);
  CHECK(asked(s.out, 2));  // alone, it keeps trying
}

TEST_CASE("the dead are tried again, with the note, and come back by themselves") {
  core_fixture s;
  s.meet(2);
  s.run(10s, [](std::uint64_t) { return false; });
  REQUIRE(s.seen(2) == state::dead);
  s.take();
  s.run(5s, [](std::uint64_t) { return false; });
  const auto pings = sent(s.take(), packet_kind::ping);
  REQUIRE(pings.size() >= 3);
  CHECK(pings[0].target == life_of(2));
  CHECK(pings[0].updates[0].state == state::dead);
  auto answer = s.from(2, packet_kind::ack, {about(2, state::alive, 1)});
  s.receive(answer);
  CHECK(s.seen(2) == state::alive);
}
