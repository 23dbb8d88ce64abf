// What became of the last probes.
#include <doctest/doctest.h>

#include <troupe/membership/reach.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};

}  // namespace

TEST_CASE("of the last five targets two must answer, and of fewer than four nothing can be told") {
  reach all;
  for (std::uint64_t node = 1; node <= 3; ++node) all.note({node}, answer::none, start);
  CHECK_FALSE(all.is_cut_off(30));
  for (std::uint64_t node = 4; node <= 8; ++node) all.note({node}, answer::direct, start);
  CHECK_FALSE(all.is_cut_off(30));
  for (std::uint64_t node = 11; node <= 13; ++node) all.note({node}, answer::none, start + 1s);
  CHECK_FALSE(all.is_cut_off(30));
  CHECK(all.is_cut_off_since(start + 1s, 30));
  CHECK_FALSE(all.is_cut_off_since(start, 30));
  all.note({14}, answer::none, start + 2s);
  CHECK(all.is_cut_off(30));
  CHECK(all.reached() == 1);
  for (int i = 0; i < 9; ++i) all.note({1}, answer::rescued, start + 3s);  // one target is one
  CHECK(all.is_cut_off(30));
  all.note({2}, answer::direct, start + 3s);
  CHECK_FALSE(all.is_cut_off(30));
  CHECK_FALSE(all.is_cut_off(0));
}
