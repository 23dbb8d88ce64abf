// Syncs: two views that differ agree afterwards, at the cost of the difference, whatever the other side says.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/sync.hpp>

#include "facts.hpp"

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr std::size_t members_max = 20'000;

std::shared_ptr<const registration> offer_of(std::uint64_t version) {
  return std::make_shared<const registration>(
      registration{version, "zone-a", {{"shop.Cart", 1, 100}, {"shop.Payment", 2, 100}}});
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
  for (auto& sized : measured) {
    CAPTURE(sized.first);
    auto& by_difference = sized.second;
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
  const auto refusal = [&](sync_session::side side, const std::vector<sync_message>& heard) {
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
