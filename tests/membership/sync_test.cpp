// Syncs: two views that differ agree afterwards, at the cost of the difference, whatever the other side says.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/membership/sync.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr std::size_t members_max = 20'000;

/// 10.x.y.z:7000
endpoint address_of(std::uint64_t node) {
  endpoint where = *parse_endpoint("10.0.0.0:7000");
  for (std::size_t i = 15; i > 12; --i, node >>= 8) where.address[i] = static_cast<std::uint8_t>(node);
  return where;
}

identity life_of(std::uint64_t node, std::uint64_t life = 10) { return {{node}, {life}}; }

std::shared_ptr<const registration> offer_of(std::uint64_t version) {
  return std::make_shared<const registration>(
      registration{version, "zone-a", {{"shop.Cart", 1, 100}, {"shop.Payment", 2, 100}}});
}

update about(std::uint64_t node, state value = state::alive, std::uint64_t incarnation = 0) {
  update what;
  what.subject = life_of(node);
  what.incarnation = incarnation;
  what.state = value;
  what.mode = mode::ready;
  what.who = make_attributes("node-" + std::to_string(node), address_of(node));
  return what;
}

update offering(std::uint64_t node, std::uint64_t version) {
  auto what = about(node);
  what.registration_version = version;
  what.document = offer_of(version);
  return what;
}

/// A view that believes whatever is newer: order.hpp's order and nothing else.
class place final : public sync_view {
 public:
  explicit place(std::uint64_t node) : self(life_of(node)) {}

  identity self;
  std::map<node_id, update> members;
  std::map<node_id, claim> tombstones;

  void learn(const update& news) {
    const auto who = news.subject.node;
    const claim stands{news.subject.epoch, news.incarnation, news.state};
    if (const auto stone = tombstones.find(who); stone != tombstones.end()) {
      if (!supersedes(stands, stone->second)) return;
      tombstones.erase(stone);
    }
    const auto found = members.find(who);
    if (found == members.end()) {
      if (!is_live(news.state)) return void(tombstones[who] = stands);
      members[who] = news;
      return sums_.add(*find(who));
    }
    auto& known = found->second;
    sums_.remove(*find(who));
    const bool new_life = known.subject != news.subject;
    auto document = new_life ? nullptr : known.document;
    if (news.document && news.subject.epoch >= known.subject.epoch &&
        (!document || document->version < news.document->version))
      document = news.document;
    if (supersedes(stands, {known.subject.epoch, known.incarnation, known.state})) known = news;
    if (known.subject == news.subject) known.document = document;
    known.registration_version = known.document ? known.document->version : 0;
    sums_.add(*find(who));
  }
  void bury(const sync_digest& gone) {
    if (const auto found = members.find(gone.subject.node); found != members.end()) {
      auto news = found->second;
      news.subject = gone.subject;
      news.incarnation = gone.incarnation;
      news.state = gone.state;
      return learn(news);
    }
    tombstones[gone.subject.node] = {gone.subject.epoch, gone.incarnation, gone.state};
  }

  const settled_sums& sums() const override { return sums_; }
  std::size_t size() const override { return members.size(); }
  std::optional<sync_digest> find(node_id who) const override {
    const auto found = members.find(who);
    if (found == members.end()) return std::nullopt;
    const auto& known = found->second;
    return sync_digest{known.subject, known.incarnation, known.document ? known.document->version : 0,
                       known.state};
  }
  void each(const std::function<void(const sync_digest&)>& visit) const override {
    for (const auto& [who, known] : members) visit(*find(who));
  }
  std::optional<claim> tombstone_of(node_id who) const override {
    const auto found = tombstones.find(who);
    return found == tombstones.end() ? std::nullopt : std::optional(found->second);
  }
  update fact_of(node_id who, with_document wanted) const override {
    auto fact = members.at(who);
    if (wanted == with_document::no || !is_live(fact.state)) fact.document = nullptr;
    return fact;
  }

 private:
  settled_sums sums_;
};

struct transcript {
  std::size_t messages = 0, bytes = 0, facts = 0, contradicted = 0;
};

/// One whole sync. A message that is refused fails the test.
transcript sync(place& initiator, place& responder) {
  using side = sync_session::side;
  sync_session mine(side::initiator, initiator.self, {}, members_max);
  sync_session other(side::responder, responder.self, {}, members_max);
  transcript so_far;
  std::optional<sync_message> under_way = mine.open(initiator);
  for (bool arrives = true; under_way; arrives = !arrives) {
    auto& session = arrives ? other : mine;
    auto& view = arrives ? responder : initiator;
    ++so_far.messages;
    so_far.bytes += size_bound(*under_way);
    so_far.facts += under_way->facts.size();
    REQUIRE(size_bound(*under_way) <= sync_message_bytes_max);
    REQUIRE(so_far.messages < 10'000);
    const auto admitted = session.admit(*under_way);
    REQUIRE_MESSAGE(admitted, admitted.error().text);
    for (const auto& fact : under_way->facts) view.learn(fact);
    for (const auto& stone : under_way->tombstones) view.bury(stone);
    auto outcome = session.answer(*under_way, view);
    for (const auto& gone : outcome.gone) view.bury(gone);
    so_far.contradicted += outcome.contradicted.size();
    under_way = std::move(outcome.answer);
  }
  CHECK(mine.done());
  CHECK(other.done());
  return so_far;
}

/// Both hold the same of everybody whom either holds live.
void check_agreement(const place& one, const place& other) {
  CHECK(one.sums().total() == other.sums().total());
  std::size_t differing = 0;
  for (const auto* from : {&one, &other})
    for (const auto& [who, known] : from->members) {
      if (!is_live(known.state)) continue;
      const auto here = one.find(who), there = other.find(who);
      const bool same = here && there && settled_hash(*here) == settled_hash(*there) &&
                        one.members.at(who).who->name == other.members.at(who).who->name;
      differing += same ? 0 : 1;
    }
  CHECK(differing == 0);
}

/// Anything that a node may have heard of another. Documents grow with incarnations, as an owner's do in
/// time.
update anything_about(std::uint64_t node, random_source& random) {
  const auto incarnation = random.below(3);
  auto what = random.below(2) ? offering(node, incarnation + random.below(2) + 1) : about(node);
  what.subject = life_of(node, 10 + random.below(2));
  what.incarnation = incarnation;
  what.state = static_cast<state>(random.below(8) < 5 ? 0 : random.below(4));
  return what;
}

}  // namespace

TEST_CASE("whatever two views differ in, they agree after one sync") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    place one(1), other(2);
    const auto size = 1 + random.below(seed % 10 == 0 ? 3000 : 200);
    const auto likeness = random.below(100);
    for (std::uint64_t node = 1; node <= size; ++node) {
      if (random.below(100) < likeness) {
        const auto same = anything_about(node, random);
        one.learn(same);
        other.learn(same);
        continue;
      }
      for (auto* to : {&one, &other})
        for (auto times = random.below(4); times > 0; --times) to->learn(anything_about(node, random));
    }
    sync(one, other);
    check_agreement(one, other);
  }
}

TEST_CASE("a sync costs what is different, not what is known") {
  // Bytes of one sync, by the number of members and by how many of them differ.
  std::string table = "bytes of a sync (messages), by members known and by how many of them differ\n";
  std::map<std::uint64_t, std::map<std::uint64_t, transcript>> measured;
  for (const std::uint64_t size : {100u, 1000u, 10'000u}) {
    table += std::to_string(size) + " members:";
    for (const std::uint64_t differing :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{100}, size}) {
      place one(1), other(2);
      for (std::uint64_t node = 1; node <= size; ++node) {
        // Every second one that differs is newer here, the others there.
        const bool differs = (node * differing) % size < differing;
        one.learn(offering(node, 2));
        other.learn(offering(node, differs && node % 2 ? 3 : 2));
        if (differs && node % 2 == 0) one.learn(about(node, state::alive, 1));
      }
      const auto cost = measured[size][differing] = sync(one, other);
      check_agreement(one, other);
      CHECK(cost.facts == differing);
      table += "  " + std::to_string(differing) + ": " + std::to_string(cost.bytes) + " (" +
               std::to_string(cost.messages) + ")";
    }
    table += '\n';
  }
  MESSAGE(table);
  for (auto& [size, by_difference] : measured) {
    CAPTURE(size);
    CHECK(by_difference[0].bytes < 1000);
    CHECK(by_difference[0].messages == 2);
    CHECK(by_difference[1].bytes < 4000);
    CHECK(by_difference[10].bytes < 12 * by_difference[1].bytes);
    CHECK(by_difference[100].bytes < 12 * by_difference[10].bytes);
  }
  // A hundred times the members, about the same bytes.
  CHECK(measured[10'000][1].bytes < 3 * measured[100][1].bytes);
}

TEST_CASE("ids that were chosen to meet in one bucket make no message longer than the others") {
  place one(1), other(2);
  std::uint64_t node = 0;
  for (int found = 0; found < 8000; ++node) {
    if (settled_sums::range_of({node + 1}, settled_sums::bits_max) != 7) continue;
    (found++ % 2 ? one : other).learn(about(node + 1));
  }
  sync(one, other);
  check_agreement(one, other);
}

TEST_CASE("whatever is out of turn or out of bounds is refused by name, and ends the session") {
  place mine(1);
  for (std::uint64_t node = 1; node <= 100; ++node) mine.learn(about(node));
  sync_message opening = sync_session(sync_session::side::initiator, life_of(2), {}, 50).open(mine);
  sync_message turn;
  turn.from = life_of(3);
  const auto refusal = [&](sync_session::side side, std::vector<sync_message> heard) {
    sync_session session(side, life_of(1), {}, 50);
    if (side == sync_session::side::initiator) (void)session.open(mine);
    for (const auto& each : heard) {
      const auto admitted = session.admit(each);
      if (!admitted) return admitted.error().text;
      (void)session.answer(each, mine);
    }
    return std::string("nothing");
  };
  const auto asked = [&](auto&& change) {
    auto what = opening;
    change(what);
    return refusal(sync_session::side::responder, {what});
  };
  const auto told = [&](auto&& change) {
    auto what = turn;
    change(what);
    return refusal(sync_session::side::initiator, {what});
  };
  CHECK(asked([](auto&) {}) == "nothing");
  CHECK(told([](auto&) {}) == "nothing");
  const auto says = [](const std::string& text, const char* word) {
    return text.find(word) != std::string::npos;
  };
  CHECK(says(asked([](auto& it) { it.kind = sync_kind::turn; }), "wrong point"));
  CHECK(says(asked([](auto& it) { it.kind = sync_kind::busy; }), "wrong point"));
  CHECK(says(asked([](auto& it) { it.bits = 30; }), "buckets"));
  CHECK(says(asked([](auto& it) { it.sums.pop_back(); }), "sums of ranges"));
  CHECK(says(asked([](auto& it) { it.sums[3].range = 2; }), "sums of ranges"));
  CHECK(says(asked([](auto& it) { it.sums_level = 10; }), "sums of ranges"));
  CHECK(says(asked([](auto& it) { it.covered = {9}; }), "digests of ranges"));
  CHECK(says(asked([](auto& it) { it.covered_level = 99; }), "digests of ranges"));
  CHECK(says(asked([](auto& it) { it.digests.resize(1); }), "a digest of nobody"));
  CHECK(says(asked([](auto& it) { it.from = {{5}, {}}; }), "nobody"));
  CHECK(says(asked([](auto& it) { it.wants.resize(101); }), "membership.members_max"));
  CHECK(says(asked([](auto& it) { it.facts.resize(101); }), "more than 100 facts"));
  CHECK(says(told([](auto& it) { it.kind = sync_kind::open; }), "wrong point"));
  CHECK(says(told([](auto& it) { it.kind = sync_kind::pong; }), "wrong point"));
  CHECK(says(told([](auto& it) { it.from = {}; }), "nobody"));
  CHECK(says(told([](auto& it) { it.more = true; }), "promises more"));
  CHECK(says(told([](auto& it) { it.others.resize(9); }), "names 9 others"));
  CHECK(says(told([](auto& it) { it.tombstones.push_back({life_of(7), 0, 0, state::alive}); }), "who lives"));
  auto asking = turn;
  asking.wants = {{{5}, 0}};
  auto elsewhere = asking;
  elsewhere.from = life_of(4);
  CHECK(says(refusal(sync_session::side::initiator, {asking, elsewhere}), "changes hands"));
  CHECK(says(refusal(sync_session::side::initiator, {turn, turn}), "after the end"));
  auto late = asking;
  late.sums = {{0, 1}};
  CHECK(says(refusal(sync_session::side::initiator, {asking, late}), "not asked for"));
}

// --- Cores -----------------------------------------------------------------------------------------

namespace {

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
    for (auto node = first; node <= last; ++node) all.push_back(offering(node, 1));
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
