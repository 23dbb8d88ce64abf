// Syncs at a node: who is served, and what is said to what comes in.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/sync_desk.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE("as many syncs are served as may be, who leaves gives a place back, and two are never too busy") {
  step_fixture s;
  s.settings.syncs_served_max = 1;
  s.add_up_to(9);
  sync_desk desk(s.settings, s.now);
  auto first = sync_desk::serve(s.table, s.settings);
  auto second = sync_desk::serve(s.table, s.settings);
  CHECK(desk.admit(first, s.at()));
  CHECK_FALSE(desk.admit(second, s.at()));
  const auto busy = sync_desk::send_elsewhere(second, s.at());
  REQUIRE(busy);
  CHECK((*busy)->kind == sync_kind::busy);
  CHECK((*busy)->others.size() == 3);
  CHECK(second.refused());
  CHECK(s.counted.refused_syncs == 1);
  CHECK(desk.end(first));
  CHECK(desk.end(first));  // the place is given back once
  auto third = sync_desk::serve(s.table, s.settings);
  auto fourth = sync_desk::serve(s.table, s.settings);
  CHECK(desk.admit(third, s.at()));
  CHECK_FALSE(desk.admit(fourth, s.at()));

  step_fixture two;
  two.settings.syncs_served_max = 1;
  two.add(2);
  sync_desk lonely(two.settings, two.now);
  for (int i = 0; i < 5; ++i) {
    auto session = sync_desk::serve(two.table, two.settings);
    CHECK(lonely.admit(session, two.at()));
  }
}

TEST_CASE("a node that has left serves nobody and proves no presence") {
  step_fixture s;
  s.add_up_to(9);
  s.table.set_state(s.table.self(), state::left, {}, s.random, s.now);
  sync_desk desk(s.settings, s.now);
  auto session = sync_desk::serve(s.table, s.settings);
  CHECK_FALSE(desk.admit(session, s.at()));
  sync_message ping;
  ping.kind = sync_kind::ping;
  ping.target = life_of(1);
  CHECK_FALSE(sync_desk::prove_presence(session, ping, s.at()));
}

TEST_CASE("of a sync that this node began nothing has come unless it is done, and was not refused") {
  step_fixture s;
  sync_desk desk(s.settings, s.now);
  sync_message opening;
  auto cut = sync_desk::begin(s.table, s.settings, address_of(2), opening);
  CHECK_FALSE(desk.end(cut));
  auto refused = sync_desk::begin(s.table, s.settings, address_of(2), opening);
  refused.refuse();
  CHECK_FALSE(desk.end(refused));
  auto done = sync_desk::begin(s.table, s.settings, address_of(2), opening);
  done.finish();
  CHECK(desk.end(done));
  auto served = sync_desk::serve(s.table, s.settings);
  CHECK(desk.end(served));
}

TEST_CASE("who was alone keeps what it is told to itself, and facts come from where the other was dialled") {
  step_fixture s;
  sync_message opening, told;
  told.from = life_of(2);
  const auto alone = sync_desk::begin(s.table, s.settings, address_of(50), opening);
  s.add_up_to(9);
  const auto among_others = sync_desk::serve(s.table, s.settings);
  CHECK(sync_desk::provenance_of(alone, told, s.at()).then == retelling::keep);
  CHECK(sync_desk::provenance_of(alone, told, s.at()).address == address_of(50));
  const auto how = sync_desk::provenance_of(among_others, told, s.at());
  CHECK(how.by == channel::stream);
  CHECK(how.then == retelling::announce);
  CHECK(how.teller == life_of(2));
  CHECK(how.address == address_of(2));  // where it is known to listen
}

TEST_CASE("who is alive there and dead or forgotten here in the same life is to be told so") {
  step_fixture s;
  s.add_up_to(4);
  s.table.set_state(s.known(2), state::dead, {{3}}, s.random, s.now);
  s.table.buried().bury({7}, {{10}, 4, state::dead});
  const auto note = sync_desk::contradiction_of(offering(2, 1, "shop.Cart"), s.at());
  REQUIRE(note);
  CHECK(note->state == state::dead);
  CHECK(note->accuser == node_id{1});
  CHECK_FALSE(note->document);
  CHECK(sync_desk::contradiction_of(about(7), s.at())->incarnation == 4);
  CHECK_FALSE(sync_desk::contradiction_of(about(3), s.at()));
  CHECK_FALSE(sync_desk::contradiction_of(about(2, state::alive, 0, 11), s.at()));  // another life
  CHECK_FALSE(sync_desk::contradiction_of(about(2, state::left), s.at()));
  CHECK_FALSE(sync_desk::contradiction_of(about(1), s.at()));
}

// --- In a core ------------------------------------------------------------------------------------------

namespace {

update serving(std::uint64_t node, std::uint64_t version) {
  auto what = about(node);
  what.registration_version = version;
  what.document = std::make_shared<const registration>(
      registration{version, "zone-a", {{"shop.Cart", 1, 100}, {"shop.Payment", 2, 100}}});
  return what;
}

/// A core and what it wants done.
struct neighbour {
  explicit neighbour(std::uint64_t node, options chosen = {})
      : brain(chosen, life_of(node), "node-" + std::to_string(node), address_of(node), node, time_point{}) {}

  core brain;
  actions out;

  /// Told by somebody else, in a sync of its own.
  void learn(std::vector<update> facts, time_point now = time_point{}) {
    sync_message opening, turn;
    auto session = brain.begin_sync(address_of(9999), opening);
    turn.from = life_of(9999);
    turn.facts = std::move(facts);
    REQUIRE(brain.receive_sync(session, turn, now, out));
    session.finish();
    brain.end_sync(session);
    out.clear();
  }
  void learn_range(std::uint64_t first, std::uint64_t last) {
    std::vector<update> all;
    for (auto node = first; node <= last; ++node) all.push_back(serving(node, 1));
    learn(std::move(all));
  }
  bool knows(std::uint64_t node) const { return brain.members().contains({node}); }
  state seen(std::uint64_t node) const { return brain.members().find({node})->state; }
};

/// The messages of one sync, ended on both sides. Nothing of it fails.
std::vector<sync_message> talk(neighbour& initiator, neighbour& responder, time_point now = time_point{}) {
  sync_message opening;
  auto mine = initiator.brain.begin_sync(responder.brain.self().who->address, opening);
  auto other = responder.brain.serve_sync();
  std::vector<sync_message> said{opening};
  for (bool arrives = true;; arrives = !arrives) {
    auto& at = arrives ? responder : initiator;
    const auto answer = at.brain.receive_sync(arrives ? other : mine, said.back(), now, at.out);
    REQUIRE(answer);
    if (!*answer) break;
    said.push_back(**answer);
    REQUIRE(said.size() < 1000);
  }
  CHECK(mine.done());
  CHECK(other.done());
  initiator.brain.end_sync(mine);
  responder.brain.end_sync(other);
  return said;
}

std::vector<packet> warnings_in(const actions& out) {
  std::vector<packet> all;
  for (const auto& sent : out.packets)
    if (sent.what.kind == packet_kind::ping) all.push_back(sent.what);
  return all;
}

}  // namespace

TEST_CASE("a joiner does not gossip what it has just been told") {
  core_fixture s;
  std::vector<update> all;
  for (std::uint64_t peer = 2; peer < 100; ++peer) all.push_back(about(peer));
  s.merge(2, all);
  s.run(5s);
  for (const auto& gossip : sent(s.out, packet_kind::gossip)) {
    CHECK(gossip.updates.size() == 1);
    CHECK(find(gossip, 1));
  }
  CHECK(s.node.members().size() == 99);
}

TEST_CASE("a merge with the other side of a split warns those held dead here") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.gossip(3, {accused(2, state::dead, 3)});
  s.take();
  s.merge(5, {about(5), about(2)});
  CHECK(s.seen(2) == state::dead);
  const auto pings = sent(s.out, packet_kind::ping);
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].target == life_of(2));
}

TEST_CASE("a merge warns those who are buried here as strangers, and alive elsewhere") {
  core_fixture s;
  s.meet(3);
  s.merge(2, {accused(7, state::dead, 3, 4)});
  s.take();
  s.merge(3, {about(7, state::alive, 4)});
  CHECK_FALSE(s.knows(7));
  const auto pings = sent(s.out, packet_kind::ping);
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].target == life_of(7));
  CHECK(pings[0].updates[0].state == state::dead);
  CHECK(pings[0].updates[0].incarnation == 4);
  s.gossip(7, {about(7, state::alive, 5)});
  CHECK(s.knows(7));
}

TEST_CASE("a joiner has the whole view after one round trip, and is known") {
  neighbour seed(1), joiner(5000);
  seed.learn_range(2, 1000);
  joiner.brain.join({address_of(1)}, time_point{}, joiner.out);
  CHECK(joiner.out.syncs == std::vector{address_of(1)});
  CHECK_FALSE(joiner.brain.joined());
  const auto said = talk(joiner, seed);
  CHECK(said.size() == 3);
  CHECK(said[1].facts.size() == 1000);
  CHECK(joiner.brain.joined());
  CHECK(joiner.brain.members().size() == 1001);
  CHECK(joiner.brain.find({77})->document.services.size() == 2);
  CHECK(seed.knows(5000));
  CHECK(talk(joiner, seed).size() == 2);
}

TEST_CASE("a seed that is busy names others, and the joiner asks one of them at once, a few times") {
  options chosen;
  chosen.syncs_served_max = 1;
  neighbour seed(1, chosen), first(5000), joiner(5001);
  seed.learn_range(2, 50);
  const time_point now{};
  sync_message opening;
  auto held = seed.brain.serve_sync();
  (void)first.brain.begin_sync(address_of(1), opening);
  REQUIRE(seed.brain.receive_sync(held, opening, now, seed.out));
  joiner.brain.join({address_of(1)}, now, joiner.out);
  joiner.out.clear();
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto said = talk(joiner, seed);
    REQUIRE(said.size() == 2);
    CHECK(said[1].kind == sync_kind::busy);
    CHECK(said[1].others.size() == 3);
  }
  CHECK(joiner.out.syncs.size() == 3);
  for (const auto& other : joiner.out.syncs) CHECK(other != address_of(1));
  CHECK_FALSE(joiner.brain.joined());
  CHECK(seed.brain.counted().refused_syncs == 5);
  seed.brain.end_sync(held);
  CHECK(talk(joiner, seed)[1].kind == sync_kind::turn);
}

TEST_CASE("the bytes that a seed tells per second are bounded; what is small is always told") {
  options chosen;
  chosen.sync_bytes_per_second = std::size_t{64} << 10;
  neighbour seed(1, chosen), twin(2);
  seed.learn_range(2, 1000);
  twin.learn_range(1, 1000);
  int served = 0;
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    neighbour joiner(5000 + i);
    const auto said = talk(joiner, seed, time_point{} + std::chrono::milliseconds(100 * i));
    served += said[1].kind == sync_kind::turn ? 1 : 0;
    for (const auto& each : said) bytes += size_bound(each);
  }
  CHECK(served >= 8);
  CHECK(bytes < 40 * chosen.sync_bytes_per_second);
  CHECK(seed.brain.counted().refused_syncs == 300 - static_cast<std::uint64_t>(served));
}

TEST_CASE("two halves that hold each other dead warn the owners, a bounded number a sync") {
  options trusting;  // nobody answers here, and many are accused at once
  trusting.isolation_percent = 0;
  trusting.accusations_max = 0;
  neighbour left(1, trusting), right(2, trusting);
  std::vector<update> of_left, of_right;
  for (std::uint64_t node = 10; node < 410; ++node) {
    const bool here = node < 210;
    auto dead = about(node, state::dead);
    dead.accuser = {here ? 2u : 1u};
    of_left.push_back(about(node));
    of_right.push_back(about(node));
    // Dead after a suspicion that nobody refuted.
    auto doubt = dead;
    doubt.state = state::suspect;
    (here ? of_right : of_left).push_back(doubt);
  }
  left.learn(of_left);
  right.learn(of_right);
  const auto later = time_point{} + 1min;
  for (auto* side : {&left, &right})
    for (time_point now = side->brain.next_deadline(); now <= later; now = side->brain.next_deadline()) {
      side->brain.tick(now, side->out);
      side->out.clear();
    }
  REQUIRE(left.seen(300) == state::dead);
  REQUIRE(right.seen(100) == state::dead);
  talk(left, right, later);
  for (const auto* side : {&left, &right}) {
    std::size_t owners = 0;
    for (const auto& warning : warnings_in(side->out))
      owners += !warning.updates.empty() && warning.updates.front().subject == warning.target &&
                warning.updates.front().state == state::dead;
    CHECK(owners >= 32);
    CHECK(owners <= 64);
  }
}

TEST_CASE("who is forgotten here and alive there is told there as gone, without being brought back here") {
  options brief;
  brief.dead_kept_for = 1s;
  neighbour one(1, brief), sleeper(2);
  for (auto* each : {&one, &sleeper}) each->learn_range(10, 60);
  one.learn({about(10, state::left)});
  for (auto now = one.brain.next_deadline(); one.knows(10); now = one.brain.next_deadline()) {
    one.brain.tick(now, one.out);
    one.out.clear();
  }
  REQUIRE(sleeper.seen(10) == state::alive);
  SUBCASE("asked by the sleeper") { talk(sleeper, one); }
  SUBCASE("asked by the other") { talk(one, sleeper); }
  CHECK(sleeper.seen(10) == state::left);
  CHECK_FALSE(one.knows(10));
}

TEST_CASE("a stream ping is answered by the process that it is for, and by no other") {
  neighbour one(1), other(2);
  const time_point now{};
  auto session = other.brain.serve_sync();
  const auto answer = other.brain.receive_sync(session, one.brain.ask_presence(life_of(2)), now, other.out);
  REQUIRE(answer);
  REQUIRE(*answer);
  CHECK((*answer)->kind == sync_kind::pong);
  CHECK((*answer)->from == life_of(2));
  CHECK(session.done());
  for (const auto stranger : {life_of(2, 9), life_of(3)}) {
    auto wrong = other.brain.serve_sync();
    CHECK_FALSE(other.brain.receive_sync(wrong, one.brain.ask_presence(stranger), now, other.out));
  }
}

TEST_CASE("a node that asks itself has joined; one that has left sends others elsewhere") {
  neighbour one(1), other(2);
  talk(one, one);
  CHECK(one.brain.joined());
  CHECK(one.brain.members().size() == 1);
  other.learn_range(10, 20);
  other.brain.leave(time_point{}, other.out);
  const auto said = talk(one, other);
  CHECK(said.back().kind == sync_kind::busy);
  CHECK(said.back().others.size() == 3);
}

TEST_CASE("a session that is cut or refused leaves nothing behind, and the next mismatch asks again") {
  options chosen;
  chosen.syncs_served_max = 1;
  neighbour seed(1, chosen), one(2);
  seed.learn_range(3, 60);
  const time_point now{};
  for (int i = 0; i < 5; ++i) {
    sync_message opening;
    auto mine = one.brain.begin_sync(address_of(1), opening);
    auto served = seed.brain.serve_sync();
    const auto answer = seed.brain.receive_sync(served, opening, now, seed.out);
    REQUIRE(answer);
    CHECK((*answer)->kind == sync_kind::turn);
    one.brain.end_sync(mine);
    seed.brain.end_sync(served);
  }
  sync_message nonsense;
  nonsense.from = life_of(7);
  auto served = seed.brain.serve_sync();
  CHECK_FALSE(seed.brain.receive_sync(served, nonsense, now, seed.out));
  seed.brain.end_sync(served);
  CHECK(seed.brain.counted().broken_syncs == 1);
}
