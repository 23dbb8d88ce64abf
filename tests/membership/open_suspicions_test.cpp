// The open suspicions, by their ends.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/open_suspicions.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

constexpr time_point start{};

suspicion by(std::uint64_t accuser, time_point when = start, int confirmations = 0) {
  return {{accuser}, trust::full, {10s, 60s, confirmations}, when};
}

}  // namespace

TEST_CASE("suspicions are due in the order of their ends, and those nearly due with the first") {
  open_suspicions open;
  CHECK(open.next() == never);
  CHECK(open.gathered(5s) == never);
  open.open({2}, by(9, start + 3s));
  open.open({3}, by(9, start));
  open.open({4}, by(9, start + 9s));
  CHECK(open.next() == start + 10s);
  CHECK(open.gathered(0s) == start + 10s);
  CHECK(open.gathered(5s) == start + 13s);
  CHECK(open.gathered(20s) == start + 19s);
  CHECK(open.due(start + 13s) == std::vector<node_id>{{3}, {2}});
  open.close({3});
  open.close({77});
  CHECK(open.next() == start + 13s);
  CHECK(open.size() == 2);
  open.open({2}, by(8, start));  // instead of the one before
  CHECK(open.next() == start + 10s);
  CHECK(open.size() == 2);
}

TEST_CASE("whatever moves the end of one moves it in the order, too") {
  open_suspicions open;
  open.open({2}, by(9, start, 3));
  open.open({3}, by(9, start, 3));
  CHECK(open.next() == start + 60s);
  CHECK(open.confirm({2}, {8}, trust::full, start));
  CHECK_FALSE(open.confirm({2}, {8}, trust::full, start));
  CHECK_FALSE(open.confirm({77}, {8}, trust::full, start));
  CHECK(open.next() == start + 35s);
  open.postpone({2}, 5s);
  CHECK(open.next() == start + 40s);
  open.set_certain({3}, true);
  CHECK(open.is_certain({3}));
  CHECK_FALSE(open.is_certain({77}));
  CHECK(open.next() == start + 10s);
  open.postpone_all(1s);
  CHECK(open.next() == start + 11s);
  open.restart_all(start + 100s);
  CHECK(open.next() == start + 110s);
  open.doubt_all();
  CHECK_FALSE(open.is_certain({3}));
  CHECK(open.next() == start + 135s);
  open.asked({2});
  CHECK(open.find({2})->questions() == 1);
}

TEST_CASE("who is suspected by one alone, and whether anybody is by several") {
  open_suspicions open;
  open.open({2}, by(1, start, 3));
  open.open({3}, by(9, start, 3));
  CHECK(open.only_of({1}) == std::vector<node_id>{{2}});
  CHECK_FALSE(open.has_shared());
  open.confirm({2}, {8}, trust::doubtful, start);
  CHECK(open.only_of({1}).empty());
  CHECK_FALSE(open.has_shared());  // a second one that is not well
  open.confirm({3}, {8}, trust::full, start);
  CHECK(open.has_shared());
}
