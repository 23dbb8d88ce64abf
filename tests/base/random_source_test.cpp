#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>

using namespace troupe;

static_assert(std::uniform_random_bit_generator<random_source>);

TEST_CASE("equal seeds give equal numbers, other seeds give others") {
  random_source a(42);
  random_source b(42);
  random_source c(43);
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto x = a();
    CHECK(x == b());
    same += x == c() ? 1 : 0;
  }
  CHECK(same == 0);
}

TEST_CASE("a seed of 0 is a seed like any other") {
  random_source random(0);
  std::uint64_t all = 0;
  for (int i = 0; i < 64; ++i) all |= random();
  CHECK(all == ~0ULL);
}

TEST_CASE("the sequence of a seed is fixed: a printed seed replays on every machine") {
  // splitmix64 of 0, then xoshiro256**, computed apart from this code.
  random_source random(0);
  CHECK(random() == 0x99ec5f36cb75f2b4ULL);
  CHECK(random() == 0xbf6e1f784956452aULL);
  CHECK(random() == 0x1a5f849d4933e6e0ULL);
}

TEST_CASE("below is even over its range and never reaches its bound") {
  for (const std::uint32_t bound : {1U, 2U, 3U, 7U, 10U, 64U}) {
    random_source random(bound);
    std::vector<int> counts(bound);
    const int draws = 20'000;
    for (int i = 0; i < draws; ++i) {
      const auto x = random.below(bound);
      REQUIRE(x < bound);
      ++counts[x];
    }
    const double expected = static_cast<double>(draws) / bound;
    for (const auto count : counts) CHECK(std::abs(count - expected) < 5 * std::sqrt(expected) + 1);
  }
  random_source random(1);
  for (int i = 0; i < 1000; ++i) CHECK(random.below(0xffffffffU) < 0xffffffffU);
}

TEST_CASE("unit and between stay inside half-open ranges and are centred") {
  random_source random(5);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto x = random.unit();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    sum += x;
    const auto y = random.between(-2, 3);
    REQUIRE(y >= -2);
    REQUIRE(y < 3);
  }
  CHECK(sum / 100'000 == doctest::Approx(0.5).epsilon(0.01));
}

TEST_CASE("exponential is finite, not negative, and has its mean and its tail") {
  random_source random(9);
  double sum = 0;
  int beyond_mean = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto x = random.exponential(3);
    REQUIRE(x >= 0);
    REQUIRE(std::isfinite(x));
    sum += x;
    beyond_mean += x > 3 ? 1 : 0;
  }
  CHECK(sum / 200'000 == doctest::Approx(3).epsilon(0.02));
  CHECK(beyond_mean / 200'000.0 == doctest::Approx(std::exp(-1.0)).epsilon(0.02));
}

TEST_CASE("a sample draws nobody twice, everybody as often, in any order") {
  random_source random(4);
  std::array<int, 10> drawn{}, first{};
  const int draws = 10'000;
  for (int i = 0; i < draws; ++i) {
    std::vector<std::size_t> all(10);
    std::iota(all.begin(), all.end(), std::size_t{0});
    random.sample(all, 3);
    REQUIRE(all.size() == 3);
    REQUIRE(std::set(all.begin(), all.end()).size() == 3);
    for (const auto one : all) ++drawn[one];
    ++first[all[0]];
  }
  for (const auto count : drawn) CHECK(std::abs(count - .3 * draws) < 5 * std::sqrt(.3 * draws));
  for (const auto count : first) CHECK(std::abs(count - .1 * draws) < 5 * std::sqrt(.1 * draws));
  std::vector<int> two{1, 2};
  random.sample(two, 5);
  CHECK(std::set(two.begin(), two.end()) == std::set{1, 2});
  random.sample(two, 0);
  CHECK(two.empty());
}

TEST_CASE("the standard library shuffles with it") {
  std::array<int, 52> cards{};
  std::iota(cards.begin(), cards.end(), 0);
  const auto before = cards;
  std::shuffle(cards.begin(), cards.end(), random_source(3));
  CHECK(cards != before);
  CHECK(std::is_permutation(cards.begin(), cards.end(), before.begin()));
}
