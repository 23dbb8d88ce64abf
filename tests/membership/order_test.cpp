// Which claim is newer.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/membership/order.hpp>

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
