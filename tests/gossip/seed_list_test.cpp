#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/gossip/seed_list.hpp>

#include "actor/eventually.hpp"

using namespace troupe;
using gossip::seed_list;

namespace {

/// The owner's turns, on the test's thread.
struct turns {
  actor::poster post() {
    return [this](std::function<void()> what) {
      const std::lock_guard lock(mutex);
      posted.push_back(std::move(what));
    };
  }
  /// False: nothing was posted.
  bool take_one() {
    std::function<void()> next;
    {
      const std::lock_guard lock(mutex);
      if (posted.empty()) return false;
      next = std::move(posted.front());
      posted.pop_front();
    }
    next();
    return true;
  }

  std::mutex mutex;
  std::deque<std::function<void()>> posted;
};

endpoint at(const std::string& text) { return *parse_endpoint(text); }

}  // namespace

TEST_CASE("seeds that are addresses are found at once, without a look-up") {
  turns owner;
  std::vector<endpoint> found;
  seed_list seeds(
      {"10.0.0.1:7000", "10.0.0.2:7000"},
      [](const std::string&) -> result<std::vector<endpoint>> {
        FAIL("nothing is to be looked up");
        return error{};
      },
      owner.post(), [&](const seed_list::resolution& came) { found = came.found; });
  seeds.resolve();
  CHECK(found == std::vector{at("10.0.0.1:7000"), at("10.0.0.2:7000")});
  CHECK(seeds.addresses() == found);
  CHECK_FALSE(seeds.has_names());
}

TEST_CASE("names are looked up off the owner's thread, and what fails is told beside what was found") {
  turns owner;
  std::vector<seed_list::resolution> came;
  seed_list seeds(
      {"here:7000", "10.0.0.2:7000", "nowhere:7000"},
      [](const std::string& name) -> result<std::vector<endpoint>> {
        if (name == "here:7000") return std::vector{at("10.0.0.9:7000")};
        return error{code::not_found, name + " does not resolve"};
      },
      owner.post(), [&](const seed_list::resolution& what) { came.push_back(what); });
  CHECK(seeds.has_names());
  seeds.resolve();
  seeds.resolve();  // one look-up at a time
  CHECK(came.empty());
  REQUIRE(test::eventually([&] { return owner.take_one(); }));
  REQUIRE(came.size() == 1);
  CHECK(came[0].found == std::vector{at("10.0.0.2:7000"), at("10.0.0.9:7000")});
  CHECK(came[0].problems == std::vector<std::string>{"nowhere:7000 does not resolve"});
  CHECK_FALSE(owner.take_one());
}

TEST_CASE("a look-up that finds nothing leaves the addresses of before") {
  turns owner;
  bool there = true;
  seed_list seeds(
      {"here:7000"},
      [&](const std::string&) -> result<std::vector<endpoint>> {
        if (there) return std::vector{at("10.0.0.9:7000")};
        return error{code::not_found, "gone"};
      },
      owner.post(), [](const seed_list::resolution&) {});
  seeds.resolve();
  REQUIRE(test::eventually([&] { return owner.take_one(); }));
  there = false;
  seeds.resolve();
  REQUIRE(test::eventually([&] { return owner.take_one(); }));
  CHECK(seeds.addresses() == std::vector{at("10.0.0.9:7000")});
}

TEST_CASE("of too many seeds the last ones said are kept, and none twice") {
  turns owner;
  std::vector<endpoint> found;
  seed_list seeds({"10.0.0.1:1"}, nullptr, owner.post(),
                  [&](const seed_list::resolution& came) { found = came.found; });
  std::vector<std::string> many;
  for (std::size_t i = 0; i < seed_list::seeds_max; ++i) many.push_back("10.0.0.2:" + std::to_string(i + 1));
  seeds.add(many);
  seeds.add({many[5]});
  seeds.resolve();
  REQUIRE(found.size() == seed_list::seeds_max);
  CHECK(found.front() == at(many[0]));
  CHECK(found.back() == at(many[5]));
}
