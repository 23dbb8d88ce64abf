// Whom to ask for its load, how often, and what bounces leave of that.
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/probing.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

struct probing_fixture {
  explicit probing_fixture(double per_call = .5) { settings.probes_per_call = per_call; }

  /// How many probes are drawn now.
  int draw() {
    int drawn = 0;
    while (const auto whom = purse.draw(candidates, silenced, random)) {
      ++drawn;
      ++share[*whom];
    }
    return drawn;
  }
  void earn(int picks) {
    for (int i = 0; i < picks; ++i) purse.earn();
  }

  options settings;
  probing purse{settings};
  std::vector<replica_index> candidates{0, 1, 2, 3};
  std::vector<replica_index> silenced;
  std::map<replica_index, int> share;
  random_source random{3};
};

}  // namespace

TEST_CASE("each pick earns its share of a probe") {
  for (const double per_call : {.1, .5, 1., 2.}) {
    CAPTURE(per_call);
    probing_fixture it(per_call);
    CHECK(it.draw() == 0);
    int probes = 0;
    for (int call = 1; call <= 1000; ++call) {
      it.purse.earn();
      probes += it.draw();
      REQUIRE(probes <= per_call * call + 1e-6);
    }
    CHECK(probes >= per_call * 1000 - 2);
  }
}

TEST_CASE("where nothing is to be asked, nothing is asked and nothing bounces") {
  probing_fixture it(0);
  it.earn(1000);
  CHECK(it.draw() == 0);
  CHECK_FALSE(it.purse.may_bounce());
}

TEST_CASE("what was saved up while nobody drew is a handful of probes") {
  probing_fixture it;
  it.earn(1000);
  const int burst = it.draw();
  CHECK(burst >= 2);
  CHECK(burst <= 10);
}

TEST_CASE("where everything bounces, bouncing ends, and a tenth of the calls still pays for probes") {
  probing_fixture it;
  int bounces = 0, probes = 0;
  constexpr int calls = 2000;
  for (int call = 0; call < calls; ++call) {
    it.purse.earn();
    while (it.purse.may_bounce() && bounces < 10 * calls) {
      ++bounces;
      it.purse.pay_bounce();
      it.purse.earn();
    }
    probes += it.draw();
  }
  CHECK(bounces + probes <= .5 * calls + 20);
  CHECK(bounces > .3 * calls);
  CHECK(probes >= .09 * calls);
}

TEST_CASE("everybody is asked as often as any other") {
  probing_fixture it;
  constexpr int calls = 40'000;
  for (int call = 0; call < calls; ++call) {
    it.purse.earn();
    it.draw();
  }
  REQUIRE(it.share.size() == 4);
  const double mean = calls / 8.;
  for (const auto& [who, times] : it.share) CHECK(std::abs(times - mean) < 5 * std::sqrt(mean));
}

TEST_CASE("one that is alone is not asked: there is nothing to choose") {
  probing_fixture it;
  it.candidates = {2};
  it.earn(100);
  CHECK(it.draw() == 0);
  it.candidates.clear();
  CHECK(it.draw() == 0);
}

TEST_CASE("those that fell silent are asked at times whether they are back") {
  probing_fixture it;
  it.silenced = {7};
  SUBCASE("beside several others") {}
  SUBCASE("beside a single one") { it.candidates = {0}; }
  for (int call = 0; call < 4000; ++call) {
    it.purse.earn();
    it.draw();
  }
  CHECK(it.share[7] > 40);
  CHECK(it.share[7] < 400);
  CHECK(it.share[0] > it.share[7]);
}

TEST_CASE("nobody is asked anew before it has answered, or for a second") {
  probing_fixture it;
  constexpr time_point start{1000s};
  for (replica_index i = 0; i < 2; ++i) it.purse.reset(i);
  CHECK(it.purse.sent()[1] == never);
  CHECK_FALSE(it.purse.answered(1));  // was not asked
  CHECK(it.purse.send(1, start));
  CHECK(it.purse.sent()[1] == start);
  CHECK(it.purse.sent()[0] == never);
  CHECK_FALSE(it.purse.send(1, start + 900ms));
  CHECK(it.purse.sent()[1] == start);
  CHECK(it.purse.send(0, start + 900ms));
  CHECK(it.purse.send(1, start + 1s));
  CHECK(it.purse.answered(1));
  CHECK_FALSE(it.purse.answered(1));
  CHECK(it.purse.send(1, start + 1s));
}

TEST_CASE("a replica that comes to an index has not been asked, whatever the one before was") {
  probing_fixture it;
  constexpr time_point start{1000s};
  it.purse.reset(0);
  it.purse.send(0, start);
  it.purse.reset(0);
  CHECK_FALSE(it.purse.answered(0));
  CHECK(it.purse.send(0, start));
}
