// The rules that decide alone: which claim is newer, what graves refuse, what options are refused.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/graveyard.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/order.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

standing claim(std::uint64_t life, std::uint64_t incarnation, state value) {
  return {epoch{life}, incarnation, value};
}

std::vector<standing> all_claims() {
  std::vector<standing> all;
  for (std::uint64_t life : {1, 2})
    for (std::uint64_t incarnation : {0, 1, 2})
      for (const auto value : {state::alive, state::suspect, state::dead, state::left})
        all.push_back(claim(life, incarnation, value));
  return all;
}

}  // namespace

TEST_CASE("a higher epoch supersedes everything of a lower one") {
  CHECK(supersedes(claim(2, 0, state::alive), claim(1, 9, state::left)));
  CHECK_FALSE(supersedes(claim(1, 9, state::left), claim(2, 0, state::alive)));
}

TEST_CASE("within an epoch the incarnation decides, then the worse state") {
  CHECK(supersedes(claim(1, 1, state::alive), claim(1, 0, state::dead)));
  CHECK(supersedes(claim(1, 0, state::suspect), claim(1, 0, state::alive)));
  CHECK(supersedes(claim(1, 0, state::dead), claim(1, 0, state::suspect)));
  CHECK_FALSE(supersedes(claim(1, 0, state::suspect), claim(1, 1, state::alive)));
  CHECK_FALSE(supersedes(claim(1, 0, state::alive), claim(1, 0, state::alive)));
}

TEST_CASE("left is the last word of its epoch, at any incarnation") {
  CHECK(supersedes(claim(1, 0, state::left), claim(1, 5, state::alive)));
  CHECK_FALSE(supersedes(claim(1, 5, state::alive), claim(1, 0, state::left)));
  CHECK_FALSE(supersedes(claim(1, 5, state::left), claim(1, 0, state::left)));
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
    std::vector<standing> heard;
    for (int i = 0; i < 6; ++i) heard.push_back(all[random.below(static_cast<std::uint32_t>(all.size()))]);
    // Two claims of leaving differ at most in an incarnation that no longer matters.
    const auto view = [](const std::vector<standing>& claims) {
      standing known = claims.front();
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

TEST_CASE("a grave refuses what is not newer, and the oldest grave goes first") {
  graveyard graves(2);
  graves.bury({1}, claim(5, 3, state::dead));
  CHECK(graves.refuses({1}, claim(5, 3, state::alive)));
  CHECK(graves.refuses({1}, claim(4, 9, state::alive)));
  CHECK_FALSE(graves.refuses({1}, claim(5, 4, state::alive)));
  CHECK_FALSE(graves.refuses({1}, claim(6, 0, state::alive)));
  CHECK_FALSE(graves.refuses({2}, claim(1, 0, state::alive)));
  graves.bury({1}, claim(5, 2, state::dead));  // older than what is known
  CHECK(graves.refuses({1}, claim(5, 3, state::alive)));
  graves.bury({2}, claim(1, 0, state::left));
  graves.bury({3}, claim(1, 0, state::left));
  CHECK(graves.size() == 2);
  CHECK_FALSE(graves.refuses({1}, claim(1, 0, state::alive)));
  CHECK(graves.refuses({3}, claim(1, 7, state::alive)));
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
