// The lowest of many scores, and a fair draw among those that are as good.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/scoreboard.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

scoreboard board_of(std::uint32_t size, float score) {
  scoreboard it;
  it.resize(size);
  for (std::uint32_t i = 0; i < size; ++i) it.set(i, score);
  return it;
}

/// How often each of them is drawn in `draws`.
std::map<std::uint32_t, int> drawn_of(const scoreboard& it, float tie, int draws) {
  random_source random(7);
  std::map<std::uint32_t, int> share;
  for (int i = 0; i < draws; ++i) ++share[it.draw(tie, random).index];
  return share;
}

/// All of them, as often as each other, to within five sigmas.
void check_even(const std::map<std::uint32_t, int>& share, std::size_t among, int draws) {
  CHECK(share.size() == among);
  const double mean = static_cast<double>(draws) / static_cast<double>(among);
  for (const auto& each : share) {
    CAPTURE(each.first);
    CHECK(std::abs(each.second - mean) < 5 * std::sqrt(mean));
  }
}

}  // namespace

TEST_CASE("nothing is drawn where nothing may be picked") {
  random_source random(1);
  scoreboard it;
  CHECK(it.lowest() == scoreboard::out);
  CHECK(it.draw(.02f, random).lowest == scoreboard::out);
  it.resize(100);
  CHECK(it.size() == 100);
  CHECK(it[99] == scoreboard::out);
  CHECK(it.lowest() == scoreboard::out);
  CHECK(it.draw(.02f, random).lowest == scoreboard::out);
  it.set(70, 1);
  it.set(70, scoreboard::out);
  CHECK(it.draw(.02f, random).lowest == scoreboard::out);
}

TEST_CASE("the lowest score is known, whatever rises and falls") {
  for (const std::uint32_t size : {1u, 63u, 64u, 65u, 1000u}) {
    CAPTURE(size);
    random_source random(size);
    scoreboard it;
    it.resize(size);
    std::vector<float> plain(size, scoreboard::out);
    for (int step = 0; step < 2000; ++step) {
      const std::uint32_t i = random.below(size);
      plain[i] = random.below(5) == 0 ? scoreboard::out : static_cast<float>(random.below(50)) - 1;
      it.set(i, plain[i]);
      REQUIRE(it[i] == plain[i]);
      const float lowest = *std::min_element(plain.begin(), plain.end());
      REQUIRE(it.lowest() == lowest);
      const auto drawn = it.draw(0, random);
      REQUIRE(drawn.lowest == lowest);
      if (lowest != scoreboard::out) REQUIRE(plain[drawn.index] == lowest);
    }
  }
}

TEST_CASE("what grows keeps its scores, and who is new may not be picked yet") {
  auto it = board_of(60, 3);
  it.resize(200);
  CHECK(it[59] == 3);
  CHECK(it[60] == scoreboard::out);
  CHECK(it.lowest() == 3);
}

TEST_CASE("the best of the others is told beside the one that was drawn") {
  random_source random(1);
  auto it = board_of(200, 9);
  it.set(10, 1);
  SUBCASE("near it") { it.set(11, 2); }
  SUBCASE("far from it") { it.set(150, 2); }
  SUBCASE("far before it") {
    it.set(10, 9);
    it.set(190, 1);
    it.set(3, 2);
  }
  CHECK(it.draw(.5f, random).lowest == 1);
  CHECK(it.draw(.5f, random).runner_up == 2);
}

TEST_CASE("one that is alone has no runner-up") {
  random_source random(1);
  scoreboard it;
  it.resize(100);
  it.set(80, 1);
  CHECK(it.draw(.5f, random).index == 80);
  CHECK(it.draw(.5f, random).runner_up == scoreboard::out);
}

TEST_CASE("of those within a tie each is drawn as often, and nobody else") {
  constexpr int draws = 40'000;
  auto it = board_of(1280, 9);
  SUBCASE("side by side") {
    for (std::uint32_t i = 0; i < 10; ++i) it.set(i, 1 + static_cast<float>(i) * .001f);
    check_even(drawn_of(it, .02f, draws), 10, draws);
  }
  SUBCASE("far apart") {
    for (std::uint32_t i = 0; i < 20; ++i) it.set(64 * i + i, 1);
    check_even(drawn_of(it, .02f, draws), 20, draws);
  }
  SUBCASE("crowded in one place and lonely in another") {
    for (std::uint32_t i = 0; i < 30; ++i) it.set(i, 1);
    it.set(700, 1);
    it.set(1279, 1);
    check_even(drawn_of(it, .02f, draws), 32, draws);
  }
  SUBCASE("everywhere") { check_even(drawn_of(it, .02f, draws), 1280, draws); }
  SUBCASE("but not beyond it") {
    it.set(5, 1);
    it.set(900, 1.03f);
    CHECK(drawn_of(it, .02f, 100) == std::map<std::uint32_t, int>{{5, 100}});
  }
}
