// What others say, and what becomes of it.
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/learner.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

/// A learner with what it needs.
struct listener : step_fixture {
  verdicts judged{settings};
  learner taught;

  lesson hear(const update& what, std::uint64_t teller = 3, channel by = channel::packet) {
    return taught.learn(what, {by, retelling::announce, life_of(teller), address_of(teller)}, judged, at());
  }
};

}  // namespace

TEST_CASE("what others have to do with a fact is in the lesson: witnesses, closer looks, and who is gone") {
  listener s;
  s.add_up_to(9);
  CHECK(s.hear(accused(2, state::suspect, 3)).suspected == node_id{2});
  CHECK_FALSE(s.hear(accused(2, state::suspect, 4)).suspected);  // it knew
  CHECK_FALSE(s.hear(accused(4, state::suspect, 3), 3, channel::stream).suspected);
  CHECK(s.hear(about(5, state::left)).gone == node_id{5});
  CHECK_FALSE(s.hear(about(5, state::left)).gone);
  CHECK(s.hear(accused(2, state::dead, 4), 4).gone == node_id{2});
  int looks = 0;
  for (std::uint64_t life = 1; life <= 100; ++life) {
    s.judged.enter(s.known(6), state::suspect, {{1}}, s.at());
    looks += s.hear(about(6, state::alive, life)).unjust == node_id{6} ? 1 : 0;
  }
  CHECK(looks > 20);
  CHECK(looks < 60);
  s.judged.enter(s.known(7), state::suspect, {{3}}, s.at());
  CHECK_FALSE(s.hear(about(7, state::alive, 1)).unjust);  // not this node's own
}

TEST_CASE("it is over with a node of whose name another one has come, or that the others hold for left") {
  listener s;
  s.add_up_to(3);
  auto later = about(1, state::alive, 0, 11);
  later.who = make_attributes("node-1", address_of(50));
  const auto superseded = s.hear(later);
  CHECK(superseded.end == lesson::ending::superseded);
  CHECK(superseded.successor == address_of(50));
  CHECK(s.hear(about(1, state::left)).end == lesson::ending::held_for_left);
  CHECK(s.hear(about(1, state::left, 0, 9)).end == lesson::ending::none);  // an earlier life
  CHECK(s.gossip.news().contains({1}));  // whoever says so hears of this one
  CHECK(s.table.is_running());           // the core ends it, not the learner
}

TEST_CASE("a node that is accused refutes by a higher incarnation, and thinks less of its own health") {
  listener s;
  s.add_up_to(5);
  s.hear(accused(1, state::suspect, 3, 4));
  CHECK(s.table.self().incarnation == 5);
  CHECK(s.health.value() == 1);
  CHECK(s.counted.refutations == 1);
  CHECK(sent(s.out, packet_kind::gossip).size() == 3);
  s.hear(accused(1, state::suspect, 3, 4));  // refuted already
  CHECK(s.table.self().incarnation == 5);
  s.hear(about(1, state::alive, 9));  // somebody has invented an incarnation
  CHECK(s.table.self().incarnation == 10);
  CHECK(s.health.value() == 1);
}

TEST_CASE("what is kept to oneself is not announced, and a document that is lacked is asked for") {
  listener s;
  s.add_up_to(3);
  const provenance quiet{channel::stream, retelling::keep, life_of(3), address_of(3)};
  s.taught.learn(about(7), quiet, s.judged, s.at());
  CHECK(s.table.find({7}) != nullptr);
  CHECK_FALSE(s.gossip.news().contains({7}));
  auto bare = about(8);
  bare.registration_version = 2;
  s.hear(bare);
  CHECK(s.gossip.news().contains({8}));
  CHECK(s.out.syncs == std::vector{address_of(3)});
  s.now += 2s;
  s.hear(offering(8, 2, "shop.Cart"));
  CHECK(s.known(8).document_version() == 2);
}

TEST_CASE("of the dead that others held a tombstone is enough; of strangers it is only remembered") {
  listener s;
  s.add_up_to(4);
  const provenance how{channel::stream, retelling::announce, life_of(3), address_of(3)};
  const auto learn = [&](const sync_digest& stone) {
    return s.taught.learn_tombstone(stone, how, s.judged, s.at());
  };
  learn({life_of(77), 3, 0, state::dead});
  CHECK(s.table.find({77}) == nullptr);
  CHECK(s.table.buried().refuses({77}, {{10}, 3, state::alive}));
  learn({life_of(2), 5, 0, state::dead});  // an incarnation that is not known here
  CHECK(s.seen(2) == state::alive);
  learn({life_of(2), 0, 0, state::dead});  // a stream does not kill
  CHECK(s.seen(2) == state::suspect);
  CHECK(learn({life_of(4), 0, 0, state::left}).gone == node_id{4});
  CHECK(s.seen(4) == state::left);
}

TEST_CASE("a death told twice by one teller is one word, told by two it is a death") {
  listener s;
  s.add_up_to(9);
  s.hear(accused(2, state::dead, 3), 3);
  CHECK(s.seen(2) == state::suspect);
  CHECK(s.table.find_accusation({2})->death_teller == node_id{3});
  s.hear(accused(2, state::dead, 3), 3);
  CHECK(s.seen(2) == state::suspect);
  s.hear(accused_by(2, state::dead, 4, 9), 4);  // not well itself
  CHECK(s.seen(2) == state::suspect);
  s.hear(accused(2, state::dead, 4), 4);
  CHECK(s.seen(2) == state::dead);
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("a suspect that refutes with a higher incarnation becomes alive") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.gossip(3, {about(2)});  // the old claim does not help
  CHECK(s.seen(2) == state::suspect);
  s.gossip(2, {about(2, state::alive, 1)});
  CHECK(kinds(s.out) == happened{event_kind::suspected, event_kind::refuted});
  s.gossip(3, {accused(2, state::suspect, 3)});
  s.run(60s);
  CHECK(s.seen(2) == state::alive);
}

TEST_CASE("a node that hears of its own suspicion refutes at once, to whoever said so too") {
  core_fixture s;
  s.meet(6);
  s.ping(2, {accused(1, state::suspect, 3)});
  CHECK(s.node.self().incarnation == 1);
  CHECK(s.node.local_health() == 1);
  CHECK(kinds(s.out) == happened{event_kind::refuted});
  const auto all = s.take();
  CHECK(sent(all, packet_kind::gossip).size() == 3);
  CHECK(find(sent(all, packet_kind::ack)[0], 1)->incarnation == 1);
  s.gossip(2, {accused(1, state::dead, 3)});  // old by now, but its teller does not know
  CHECK(s.node.self().incarnation == 1);
  CHECK(find(sent(s.out, packet_kind::gossip)[0], 1)->incarnation == 1);
}

TEST_CASE("a death without a suspicion before it is first a suspicion, and a stream never kills") {
  core_fixture s;
  s.meet(6);
  s.gossip(3, {accused(2, state::dead, 3)});
  CHECK(s.seen(2) == state::suspect);
  s.merge(3, {about(3), accused(2, state::dead, 3), accused(4, state::dead, 3)});
  CHECK(s.seen(2) == state::suspect);
  CHECK(s.seen(4) == state::suspect);
  s.gossip(3, {accused(2, state::dead, 3)});  // the same packet once more
  CHECK(s.seen(2) == state::suspect);
  s.gossip(5, {accused(2, state::dead, 3)});
  CHECK(s.seen(2) == state::dead);
  CHECK(kinds(s.out) == happened{event_kind::suspected, event_kind::suspected, event_kind::died});
}

TEST_CASE("a restart supersedes the old life at once, whatever was held of it") {
  for (const auto before : {state::alive, state::suspect, state::left}) {
    core_fixture s;
    s.meet(6);
    if (before != state::alive) s.gossip(3, {accused(2, before, before == state::suspect ? 3 : 0)});
    s.gossip(3, {offering(2, 4, "old.Service")});
    s.take();
    s.gossip(3, {about(2, state::alive, 0, 11)});
    CHECK(kinds(s.out) == happened{event_kind::joined});
    CHECK(s.node.find({2})->self == life_of(2, 11));
    CHECK(s.node.find({2})->document.version == 0);
    CHECK(s.seen(2) == state::alive);
    s.take();
    s.gossip(3, {about(2, state::dead, 9, 10), offering(2, 9, "old.Service")});
    CHECK(s.out.events.empty());
    s.run(60s);
    CHECK(s.seen(2) == state::alive);
  }
}

TEST_CASE("strangers who are gone already are not taken in, so ghosts do not go round") {
  core_fixture s;
  s.meet(3);
  s.merge(2, {accused(7, state::dead, 3), about(8, state::left)});
  CHECK_FALSE(s.knows(7));
  CHECK_FALSE(s.knows(8));
  CHECK(s.out.events.empty());
  s.gossip(2, {about(7), about(8)});
  CHECK_FALSE(s.knows(7));
  CHECK_FALSE(s.knows(8));
}

TEST_CASE(
    "a stranger who is only heard of as a suspect is not taken in, also where no tombstone tells of it") {
  core_fixture s;
  s.meet(3);
  s.gossip(2, {accused(7, state::suspect, 3)});
  CHECK_FALSE(s.knows(7));
  s.merge(2, {accused(7, state::suspect, 3)});
  CHECK_FALSE(s.knows(7));
  CHECK(s.out.events.empty());
  s.gossip(2, {about(7, state::alive, 1)});  // it has refuted
  CHECK(s.knows(7));
}

TEST_CASE("a document's higher version replaces the lower, never the other way") {
  core_fixture s;
  s.meet(3);
  s.gossip(2, {offering(2, 2, "shop.Cart")});
  CHECK(kinds(s.take()) == happened{event_kind::changed});
  s.gossip(2, {offering(2, 1, "old.Cart"), offering(2, 2, "other.Cart")});
  CHECK(s.out.events.empty());
  CHECK(s.node.find({2})->document.services[0].name == "shop.Cart");
  s.gossip(2, {offering(2, 3, "new.Cart")});
  CHECK(s.node.find({2})->document.version == 3);
}

TEST_CASE("updates beyond their bounds change nothing") {
  core_fixture s;
  s.meet(3);
  auto nameless = about(7);
  nameless.who = make_attributes("", address_of(7));
  auto nowhere = about(7);
  nowhere.who = make_attributes("node-7", {});
  auto endless = about(2, state::alive, std::uint64_t{1} << 60);
  auto ageless = about(7, state::alive, 0, 0);
  auto heavy = offering(7, 1, "x");
  heavy.document = std::make_shared<const registration>(registration{1, "", {{"x", 1, 0}}});
  auto bodiless = about(7);
  bodiless.who.reset();
  auto lagging = about(7);
  lagging.worker_lag = worker_lag_max + 1;
  auto unsorted = about(7);
  unsorted.who = make_attributes("node-7", address_of(7), {{5}, {4}});
  s.gossip(2, {nameless, nowhere, endless, ageless, heavy, bodiless, lagging, unsorted});
  CHECK(s.node.counted().ignored_updates == 8);
  CHECK(s.node.members().size() == 3);
  CHECK(s.node.find({2})->incarnation == 0);
}
