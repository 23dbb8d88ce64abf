// The rules that decide alone: which claim is newer, what tombstones refuse, what options are refused.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/order.hpp>
#include <troupe/membership/tombstones.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

claim claimed(std::uint64_t life, std::uint64_t incarnation, state value) {
  return {epoch{life}, incarnation, value};
}

std::vector<claim> all_claims() {
  std::vector<claim> all;
  for (std::uint64_t life : {1, 2})
    for (std::uint64_t incarnation : {0, 1, 2})
      for (const auto value : {state::alive, state::suspect, state::dead, state::left})
        all.push_back(claimed(life, incarnation, value));
  return all;
}

}  // namespace

TEST_CASE("a higher epoch supersedes everything of a lower one") {
  CHECK(supersedes(claimed(2, 0, state::alive), claimed(1, 9, state::left)));
  CHECK_FALSE(supersedes(claimed(1, 9, state::left), claimed(2, 0, state::alive)));
}

TEST_CASE("within an epoch the incarnation decides, then the worse state") {
  CHECK(supersedes(claimed(1, 1, state::alive), claimed(1, 0, state::dead)));
  CHECK(supersedes(claimed(1, 0, state::suspect), claimed(1, 0, state::alive)));
  CHECK(supersedes(claimed(1, 0, state::dead), claimed(1, 0, state::suspect)));
  CHECK_FALSE(supersedes(claimed(1, 0, state::suspect), claimed(1, 1, state::alive)));
  CHECK_FALSE(supersedes(claimed(1, 0, state::alive), claimed(1, 0, state::alive)));
}

TEST_CASE("left is the last word of its epoch, at any incarnation") {
  CHECK(supersedes(claimed(1, 0, state::left), claimed(1, 5, state::alive)));
  CHECK_FALSE(supersedes(claimed(1, 5, state::alive), claimed(1, 0, state::left)));
  CHECK_FALSE(supersedes(claimed(1, 5, state::left), claimed(1, 0, state::left)));
}

TEST_CASE("claims in any order lead to the same view") {
  const auto all = all_claims();
  for (const auto& a : all)
    for (const auto& b : all) {
      CHECK_FALSE((supersedes(a, b) && supersedes(b, a)));
      for (const auto& c : all)
        if (supersedes(a, b) && supersedes(b, c)) CHECK(supersedes(a, c));
    }
  random_source random(3);
  for (int run = 0; run < 200; ++run) {
    std::vector<claim> heard;
    for (int i = 0; i < 6; ++i) heard.push_back(all[random.below(static_cast<std::uint32_t>(all.size()))]);
    // Two claims of leaving differ at most in an incarnation that no longer matters.
    const auto view = [](const std::vector<claim>& claims) {
      claim known = claims.front();
      for (const auto& news : claims)
        if (supersedes(news, known)) known = news;
      if (known.state == state::left) known.incarnation = 0;
      return known;
    };
    const auto forwards = view(heard);
    std::reverse(heard.begin(), heard.end());
    CHECK(view(heard) == forwards);
  }
}

TEST_CASE("a tombstone refuses what is not newer, and the oldest goes first") {
  tombstones stones(2);
  stones.bury({1}, claimed(5, 3, state::dead));
  CHECK(stones.refuses({1}, claimed(5, 3, state::alive)));
  CHECK(stones.refuses({1}, claimed(4, 9, state::alive)));
  CHECK_FALSE(stones.refuses({1}, claimed(5, 4, state::alive)));
  CHECK_FALSE(stones.refuses({1}, claimed(6, 0, state::alive)));
  CHECK_FALSE(stones.refuses({2}, claimed(1, 0, state::alive)));
  stones.bury({1}, claimed(5, 2, state::dead));  // older than what is known
  CHECK(stones.refuses({1}, claimed(5, 3, state::alive)));
  stones.bury({2}, claimed(1, 0, state::left));
  stones.bury({3}, claimed(1, 0, state::left));
  CHECK(stones.size() == 2);
  CHECK_FALSE(stones.refuses({1}, claimed(1, 0, state::alive)));
  CHECK(stones.refuses({3}, claimed(1, 7, state::alive)));
}

TEST_CASE("the options' defaults and presets are within their bounds, and an error names the field") {
  CHECK(options{}.validate());
  CHECK(options::local().validate());
  options wrong;
  wrong.probe_timeout_max = 900ms;
  REQUIRE_FALSE(wrong.validate());
  CHECK(wrong.validate().error().text.find("probe_timeout_max is 900 ms") != std::string::npos);
  for (const auto spoil : std::vector<void (*)(options&)>{
           [](options& o) { o.probe_period = 1ms; }, [](options& o) { o.probe_timeout_min = 600ms; },
           [](options& o) { o.indirect_probes = 17; }, [](options& o) { o.suspicion_alpha = 0; },
           [](options& o) { o.suspicion_beta = 0; }, [](options& o) { o.gossip_interval = 0ms; },
           [](options& o) { o.gossip_fanout = 0; }, [](options& o) { o.retransmit_multiplier = 0; },
           [](options& o) { o.packet_bytes_max = 100; }, [](options& o) { o.exchange_period = 0s; },
           [](options& o) { o.join_retry = 0s; }, [](options& o) { o.leave_fanout = 0; },
           [](options& o) { o.members_max = 1; }, [](options& o) { o.graves_max = 1; },
           [](options& o) { o.registration_bytes_max = 1; }, [](options& o) { o.dead_kept_for = 0s; },
           [](options& o) { o.health_max = -1; }}) {
    options spoiled;
    spoil(spoiled);
    CHECK_FALSE(spoiled.validate());
  }
}
