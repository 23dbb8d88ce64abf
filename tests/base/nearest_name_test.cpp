#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/nearest_name.hpp>

using namespace troupe;

namespace {

const std::vector<std::string_view> names = {
    "name", "listen", "keyring", "drain_limit", "membership.probe_period", "balance.ejection.first"};

}  // namespace

TEST_CASE("a distance is the number of letters inserted, left out, replaced or exchanged") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("listen", "listen") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("lsten", "listen") == 1);
  CHECK(edit_distance("listten", "listen") == 1);
  CHECK(edit_distance("lisyen", "listen") == 1);
  CHECK(edit_distance("naem", "name") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("drain-limit", "drain_limit") == 0);
  CHECK(edit_distance(std::string(500, 'a'), std::string(400, 'a')) == 500);  // not looked at
}

TEST_CASE("a distance is the same in both directions") {
  for (const auto one : names)
    for (const auto other : names) CHECK(edit_distance(one, other) == edit_distance(other, one));
}

TEST_CASE("the nearest name is proposed, and none where all are far") {
  CHECK(nearest_name("lsten", names) == "listen");
  CHECK(nearest_name("keyrng", names) == "keyring");
  CHECK(nearest_name("naem", names) == "name");
  CHECK(nearest_name("drain-limt", names) == "drain_limit");
  CHECK(nearest_name("listen", names) == "listen");
  CHECK(nearest_name("colour", names).empty());
  CHECK(nearest_name("game", std::vector<std::string_view>{"gone", "name"}) == "name");
  CHECK(nearest_name("mane", std::vector<std::string_view>{"mine", "mace"}) ==
        "mine");  // the first of equals
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("abc", std::vector<std::string_view>{}).empty());
}

TEST_CASE("a name without its room, or with a wrong one, is found by its last part") {
  CHECK(nearest_dotted_name("probe_perod", names) == "membership.probe_period");
  CHECK(nearest_dotted_name("membership.probe_perod", names) == "membership.probe_period");
  CHECK(nearest_dotted_name("gossip.probe_period", names) == "membership.probe_period");
  CHECK(nearest_dotted_name("ejection.first", names) == "balance.ejection.first");
  CHECK(nearest_dotted_name("first", std::vector<std::string_view>{"a.first", "b.first"}).empty());
  CHECK(did_you_mean("probe-period", names) == "; did you mean 'membership.probe_period'?");
  CHECK(did_you_mean("colour", names).empty());
}
