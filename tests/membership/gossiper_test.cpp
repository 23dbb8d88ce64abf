// When news is told, to how many, and within how many bytes.
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/gossiper.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE(
    "news is told more often in a larger cluster, and more often where it gets lost, but not without end") {
  options settings;
  settings.retransmit_multiplier = 4;
  CHECK(tellings_wanted(settings, 2, 0) == 4);
  CHECK(tellings_wanted(settings, 99, 0) == 8);
  CHECK(tellings_wanted(settings, 99, .5) == 12);
  CHECK(tellings_wanted(settings, 99, .99) == 16);
  settings.adapts_to_loss = false;
  CHECK(tellings_wanted(settings, 99, .99) == 8);
}

TEST_CASE("out of quiet news leaves at once, then once an interval until it is told out") {
  step_fixture s;
  s.add_up_to(9);
  gossiper& gossip = s.gossip;
  CHECK(gossip.next_deadline() == never);
  s.at().announce(s.known(2), urgency::join, carry::document);
  CHECK(gossip.next_deadline() == s.now);
  gossip.tick(s.at());
  CHECK(sent(s.take(), packet_kind::gossip).size() == 3);
  CHECK(gossip.next_deadline() == s.now + s.settings.gossip_interval);
  gossip.tick(s.at());  // not yet
  CHECK(s.out.packets.empty());
  int told = 3;
  while (gossip.next_deadline() != never) {
    s.now = gossip.next_deadline();
    gossip.tick(s.at());
    told += static_cast<int>(sent(s.take(), packet_kind::gossip).size());
  }
  CHECK(told == tellings_wanted(s.settings, 9, s.reached.usual_loss()));
  CHECK(gossip.news().empty());
}

TEST_CASE("with nobody to tell, news is dropped; whoever has fallen silent has none any more") {
  step_fixture alone;
  alone.at().announce(alone.table.self(), urgency::join, carry::document);
  alone.at().push();
  CHECK(alone.gossip.news().empty());
  CHECK(alone.gossip.next_deadline() == never);

  step_fixture s;
  s.add_up_to(9);
  s.at().announce(s.known(2), urgency::join, carry::document);
  s.gossip.fall_silent();
  CHECK(s.gossip.news().empty());
  s.at().announce(s.known(3), urgency::join, carry::document);
  CHECK(s.gossip.news().empty());
  CHECK(s.gossip.next_deadline() == never);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("an isolated node does not come back with its list of the dead") {
  core_fixture s;
  s.meet(3);
  s.run(30s, [](std::uint64_t) { return false; });
  REQUIRE(s.seen(2) == state::dead);
  REQUIRE(s.seen(3) == state::dead);
  s.take();
  s.merge(4, {about(4)});
  s.run(2s);
  for (const auto& gossip : sent(s.out, packet_kind::gossip)) CHECK_FALSE(find(gossip, 2));
}

TEST_CASE("gossip keeps to its bytes per interval, whatever there is to tell") {
  auto narrow = core_fixture::prompt();
  narrow.gossip_bytes_max = 1000;
  core_fixture s(narrow);
  s.meet(40);
  std::vector<update> all;
  for (std::uint64_t peer = 41; peer <= 200; ++peer) all.push_back(about(peer));
  s.gossip(2, all);
  s.run(5s, nobody);
  std::size_t bytes = 0;
  for (const auto& gossip : sent(s.out, packet_kind::gossip)) bytes += size_bound(gossip);
  CHECK(bytes <= 27 * 1000);
  CHECK(bytes >= 20 * 1000);
}

TEST_CASE("in a storm each piece of news goes to as many at once as alone, or to one, as bytes allow") {
  struct limit {
    std::size_t bytes;
    int tellings;
  };
  for (const limit of : {limit{std::size_t{32} << 10, 3}, limit{8192, 1}}) {
    CAPTURE(of.bytes);
    auto wide = core_fixture::prompt();
    wide.gossip_bytes_max = of.bytes;
    core_fixture s(wide);
    s.meet(60);
    s.run(10s);
    s.take();
    std::vector<update> all;
    for (std::uint64_t peer = 10; peer < 50; ++peer) all.push_back(about(peer, state::left));
    s.gossip(2, all);
    s.run(100ms, nobody);
    std::map<std::uint64_t, int> tellings;
    std::size_t bytes = 0;
    for (const auto& gossip : sent(s.out, packet_kind::gossip)) {
      bytes += size_bound(gossip);
      for (const auto& fact : gossip.updates) ++tellings[fact.subject.node.value];
    }
    CHECK(tellings.size() == 40);
    for (const auto& [subject, times] : tellings) CHECK(times >= of.tellings);
    CHECK(bytes <= of.bytes);
  }
}
