// What is told first, and how often.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/dissemination.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr std::size_t much = 100'000;

update about(std::uint64_t node, state value = state::alive) {
  update what;
  what.subject = {{node}, {1}};
  what.state = value;
  what.who = make_attributes("node", *parse_endpoint("10.0.0.1:7000"));
  return what;
}

update with_document(std::uint64_t node, std::size_t services) {
  auto what = about(node);
  what.registration_version = 1;
  registration document{1, "", {}};
  for (std::size_t i = 0; i < services; ++i) document.services.push_back({"shop.Service", i, 100});
  what.document = std::make_shared<const registration>(std::move(document));
  return what;
}

std::vector<std::uint64_t> told(dissemination& news, std::size_t bytes = much, node_id receiver = {}) {
  std::vector<update> updates;
  news.take(bytes, receiver, updates);
  std::vector<std::uint64_t> nodes;
  for (const auto& what : updates) nodes.push_back(what.subject.node.value);
  return nodes;
}

}  // namespace

TEST_CASE("the more urgent news goes first, then the less told, then the newer") {
  dissemination news(much, 100);
  news.announce(about(1), urgency::registration, 9);
  news.announce(about(2), urgency::join, 9);
  news.announce(about(3, state::dead), urgency::failure, 9);
  news.announce(about(4), urgency::refutation, 9);
  CHECK(told(news) == std::vector<std::uint64_t>{4, 3, 2, 1});
  news.announce(about(5), urgency::join, 9);
  news.announce(about(6), urgency::join, 9);
  CHECK(told(news) == std::vector<std::uint64_t>{4, 3, 6, 5, 2, 1});
}

TEST_CASE("a storm of urgent news delays a document by a few tellings, and does not shut it out") {
  dissemination news(much, 1000);
  std::uint64_t next = 100;
  const auto storm = [&] {
    for (int k = 0; k < 3; ++k) news.announce(about(next++, state::suspect), urgency::failure, 13);
    return told(news, 10 * size_bound(about(1)));
  };
  for (int packets = 0; packets < 100; ++packets) storm();
  REQUIRE(storm().size() == 10);
  news.announce(with_document(50, 1), urgency::registration, 13);
  const auto has_it = [](const std::vector<std::uint64_t>& packet) {
    return std::find(packet.begin(), packet.end(), 50) != packet.end();
  };
  CHECK_FALSE(has_it(told(news, 3 * size_bound(about(1)))));  // who has just been suspected comes first
  int packets = 0, times = 0;
  for (; packets < 10; ++packets) times += has_it(storm()) ? 1 : 0;
  CHECK(times >= 2);
}

TEST_CASE("what was told often enough is told again to whoever lacks it, the latest first, within bounds") {
  dissemination news(much, 100);
  for (std::uint64_t node = 1; node <= 30; ++node) {
    news.announce(about(node, node == 30 ? state::suspect : state::alive), urgency::join, 2);
    told(news);
    told(news);
  }
  REQUIRE(news.empty());
  const auto retold = [&](std::size_t bytes, node_id receiver = {}) {
    std::vector<update> updates;
    news.retell(bytes, receiver, updates);
    std::vector<std::uint64_t> nodes;
    for (const auto& what : updates) nodes.push_back(what.subject.node.value);
    return nodes;
  };
  const auto each = size_bound(about(1));
  CHECK(retold(3 * each, {28}) == std::vector<std::uint64_t>{29, 27, 26});  // a suspicion is not settled
  CHECK(retold(much).size() == 16);
  CHECK(retold(much).size() == 13);  // 29, 27 and 26 have been told twice
  CHECK(retold(much).empty());
  news.announce(about(7), urgency::join, 1);
  told(news);
  news.announce(about(7, state::dead), urgency::failure, 1);  // what is outdated is not told again
  CHECK(retold(much).empty());
  told(news);
  CHECK(retold(much) == std::vector<std::uint64_t>{7});
}

TEST_CASE("an update is told as often as its budget says, and then forgotten") {
  dissemination news(much, 100);
  news.announce(about(1), urgency::join, 3);
  for (int i = 0; i < 3; ++i) CHECK(told(news).size() == 1);
  CHECK(news.empty());
  CHECK(told(news).empty());
}

TEST_CASE("a packet's room bounds what is told, and what did not fit is told next") {
  dissemination news(much, 100);
  for (std::uint64_t node = 1; node <= 10; ++node) news.announce(about(node), urgency::join, 1);
  const auto room = 4 * size_bound(about(1));
  std::set<std::uint64_t> heard;
  for (const auto expected : {4, 4, 2}) {
    const auto nodes = told(news, room + 7);
    CHECK(nodes.size() == static_cast<std::size_t>(expected));
    heard.insert(nodes.begin(), nodes.end());
  }
  CHECK(heard.size() == 10);
  CHECK(news.empty());
}

TEST_CASE("newer news about a subject replaces the older, with a fresh budget and the higher urgency") {
  dissemination news(much, 100);
  news.announce(about(1, state::suspect), urgency::failure, 2);
  CHECK(told(news).size() == 1);
  news.announce(about(1), urgency::join, 2);
  news.announce(about(2), urgency::join, 2);
  std::vector<update> updates;
  news.take(much, {}, updates);
  REQUIRE(updates.size() == 2);
  CHECK(updates[0].subject.node == node_id{1});
  CHECK(updates[0].state == state::alive);
  CHECK(news.size() == 2);
}

TEST_CASE("a document too large for any packet is left out, its version stays") {
  dissemination news(500, 100);
  news.announce(with_document(1, 50), urgency::join, 1);
  news.announce(with_document(2, 2), urgency::join, 1);
  std::vector<update> updates;
  news.take(500, {}, updates);
  REQUIRE(updates.size() == 2);
  CHECK(updates[0].document);
  CHECK_FALSE(updates[1].document);
  CHECK(updates[1].registration_version == 1);
}

TEST_CASE("a document that is still being told survives an update without one") {
  dissemination news(much, 100);
  news.announce(with_document(1, 1), urgency::join, 1);
  auto next = about(1);
  next.incarnation = 1;
  next.registration_version = 1;
  news.announce(next, urgency::join, 1);
  std::vector<update> updates;
  news.take(much, {}, updates);
  REQUIRE(updates.size() == 1);
  CHECK(updates[0].incarnation == 1);
  CHECK(updates[0].document);
}

TEST_CASE("nobody is told that it is alive, nor twice in one packet") {
  dissemination news(much, 100);
  news.announce(about(1), urgency::join, 5);
  news.announce(about(2, state::suspect), urgency::failure, 5);
  CHECK(told(news, much, {1}) == std::vector<std::uint64_t>{2});
  std::vector<update> updates{about(2, state::suspect)};
  news.take(much, {2}, updates);
  CHECK(updates.size() == 2);
}

TEST_CASE("of more news than there is room for the least urgent is dropped, and counted") {
  dissemination news(much, 3);
  news.announce(about(1), urgency::load, 9);
  news.announce(about(2), urgency::join, 9);
  news.announce(about(3), urgency::join, 9);
  news.announce(about(4, state::dead), urgency::failure, 9);
  CHECK(told(news) == std::vector<std::uint64_t>{4, 3, 2});
  news.announce(about(5), urgency::load, 9);
  CHECK(news.size() == 3);
  CHECK_FALSE(news.contains({5}));
  CHECK(news.dropped() == 2);
}
