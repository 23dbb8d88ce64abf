// Each policy's rule in small, and what all of them promise, in virtual time.
#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/maglev_table.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/hash.hpp>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

namespace {

request keyed(std::uint64_t key) {
  request what;
  what.key = key;
  return what;
}

/// `calls` calls, four in flight at any time, each answered after 1 ms with a true report; with keys of their
/// own. How many each replica got. `mute` never answers.
std::map<replica_index, int> play(bench& it, int calls, replica_index mute = ~0u) {
  struct sent {
    choice what;
    time_point at;
  };
  std::deque<sent> under_way;
  std::map<replica_index, int> share;
  for (int n = 0; n < calls; ++n) {
    it.now += 250us;
    if (under_way.size() == 4) {
      const sent first = under_way.front();
      under_way.pop_front();
      const rpc::load_report load = report(it.replicas.own_in_flight(first.what.replica), 1, 1ms);
      if (first.what.replica != mute) it.end(first.what, first.at, outcome::success, &load);
    }
    under_way.push_back({it.begin(keyed(static_cast<std::uint64_t>(n))), it.now});
    ++share[under_way.back().what.replica];
  }
  while (!under_way.empty()) {
    if (under_way.front().what.replica != mute) it.end(under_way.front().what, under_way.front().at);
    under_way.pop_front();
  }
  return share;
}

}  // namespace

// --- What all promise ----------------------------------------------------------------------------------

TEST_CASE("policies have names that parse back") {
  std::set<std::string_view> names;
  for (const auto kind : policy_kinds()) {
    const auto parsed = parse_policy_kind(to_string(kind));
    REQUIRE(parsed);
    CHECK(*parsed == kind);
    CHECK(make_policy(kind)->name() == to_string(kind));
    names.insert(to_string(kind));
  }
  CHECK(names.size() == 14);
  const auto wrong = parse_policy_kind("fastest");
  REQUIRE_FALSE(wrong);
  for (const auto name : names) CHECK(wrong.error().text.find(name) != std::string::npos);
}

TEST_CASE("no policy picks a barred, draining or tried replica while another is there") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(5, kind);
    it.replicas.set(0, standing::silent, true);
    it.replicas.set(1, standing::draining, true);
    it.replicas.set(4, standing::unreachable, true);
    const replica_index tried[] = {2};
    request what;
    what.tried = tried;
    CHECK(it.pick(what).replica == 3);
    for (std::uint64_t key = 0; key < 50; ++key) {
      what.key = key;
      CHECK(it.pick(what).replica == 3);
    }
  }
}

TEST_CASE("every policy picks one of the candidates, however many of them are left") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(40, kind);
    it.warm();
    for (std::uint32_t gone = 0; gone < 39; ++gone) {
      it.replicas.set(gone, standing::unreachable, true);
      for (std::uint64_t key = 0; key < 10; ++key) {
        CHECK(it.pick(keyed(key)).replica > gone);
        CHECK(it.pick().replica > gone);
      }
    }
  }
}

TEST_CASE("equals get equal shares from every policy") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(4, kind);
    it.warm();
    for (const auto& [who, count] : play(it, 4000)) {
      CHECK(count > 800);
      CHECK(count < 1200);
    }
  }
}

TEST_CASE("a new replica gets its share from every policy: neither nothing nor everything") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(4, kind);
    it.warm();
    play(it, 1000);
    const replica_index fresh = it.add();
    const int early = play(it, 100)[fresh];
    CHECK(early >= 1);
    CHECK(early <= 50);
    it.now += 5s;  // warm by now
    const int later = play(it, 2000)[fresh];
    CHECK(later > 240);
    CHECK(later < 600);
  }
}

TEST_CASE(
    "a new replica that does not answer gets one call from policies that compare, few from the others") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(4, kind);
    it.warm();
    const replica_index fresh = it.add();
    const int lost = play(it, 60, fresh)[fresh];
    using enum policy_kind;
    const bool compares = kind == dynamic_score || kind == by_load || kind == by_latency ||
                          kind == by_faults || kind == least_loaded || kind == peak_ewma || kind == hcl ||
                          kind == c3;
    CHECK(lost >= 1);
    CHECK(lost <= (compares ? 1 : 20));
  }
}

// --- One quantity, the lowest of all -------------------------------------------------------------------

TEST_CASE("by load: the least load per worker, whoever is fast or fails") {
  bench it(3, policy_kind::by_load);
  const rpc::load_report full = report(6, 4, 1ms);    // 1.5 each
  const rpc::load_report empty = report(2, 1, 20ms);  // a second one would wait
  const rpc::load_report wide = report(6, 8, 50ms);
  for (int i = 0; i < 10; ++i) {
    it.serve(0, 1ms, outcome::success, &full);
    it.serve(1, 20ms, outcome::success, &empty);
    it.serve(2, 50ms, outcome::success, &wide);
  }
  for (const replica_index i : {0u, 1u, 2u})
    it.serve(i, 0s, outcome::withdrawn, i == 0 ? &full : i == 1 ? &empty : &wide);
  CHECK(it.picks(50)[2] == 50);
}

TEST_CASE("by latency: the least expected time, with its queue, however busy") {
  bench it(2, policy_kind::by_latency);
  const rpc::load_report fast = report(3, 1, 10ms);  // two others' before ours: 30 ms
  const rpc::load_report slow = report(1, 1, 100ms);
  for (int i = 0; i < 10; ++i) {
    it.serve(0, 30ms, outcome::success, &fast);
    it.serve(1, 100ms, outcome::success, &slow);
  }
  CHECK(it.picks(50)[0] == 50);
  CHECK(it.seen().load(0) > it.seen().load(1));
}

TEST_CASE("by faults: the fewest failures, then the least load") {
  bench it(3, policy_kind::by_faults);
  it.warm();
  it.serve(0, 1ms, outcome::failure);
  CHECK(it.picks(50)[0] == 0);
  for (int i = 0; i < 6; ++i) it.begin();
  CHECK(it.replicas.own_in_flight(0) == 0);
  CHECK(it.replicas.own_in_flight(1) == 3);
  CHECK(it.replicas.own_in_flight(2) == 3);
}

TEST_CASE("c3: a queue counts by its cube, so a slower server with a shorter queue wins") {
  bench it(2, policy_kind::c3);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    it.serve(1, 30ms);
  }
  // 8 * 10 ms against 1 * 30 ms: the second call goes to the slower one, the third too (8 * 30 > 27 * 10).
  std::vector<replica_index> order;
  for (int i = 0; i < 5; ++i) order.push_back(it.begin().replica);
  CHECK(order == std::vector<replica_index>{0, 1, 0, 1, 0});
}

TEST_CASE("hot-cold lexicographic: the fastest of those that are not among the fullest") {
  bench it(5, policy_kind::hcl);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    for (const replica_index slower : {1u, 2u, 3u}) it.serve(slower, 30ms);
    it.serve(4, 60ms);
  }
  CHECK(it.picks(50)[0] == 50);
  it.begin_at(0);  // the only one with a call in flight: hot, though it would still be faster than 4
  const auto share = it.picks(90);
  CHECK(share.count(0) == 0);
  CHECK(share.count(4) == 0);
  CHECK(share.size() == 3);
}

// --- One quantity, the lower of two --------------------------------------------------------------------

TEST_CASE("two choices: the worst of all is never taken, each other one in proportion to its rank") {
  bench it(3, policy_kind::peak_ewma);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    it.serve(1, 30ms);
    it.serve(2, 90ms);
  }
  auto share = it.picks(3000);
  CHECK(share[0] > 1900);
  CHECK(share[0] < 2100);
  CHECK(share[2] == 0);
}

// --- Turns, weights, chance ----------------------------------------------------------------------------

TEST_CASE("round robin takes each in turn, and goes on after one has left") {
  bench it(3, policy_kind::round_robin);
  for (int i = 0; i < 9; ++i) CHECK(it.begin().replica == static_cast<replica_index>(i % 3));
  it.replicas.remove(1);
  std::map<replica_index, int> share = it.picks(10);
  CHECK(share[0] == 5);
  CHECK(share[2] == 5);
}

TEST_CASE("weighted follows the weights exactly and without bursts") {
  bench it(0, policy_kind::weighted);
  it.add(500);
  it.add(100);
  it.add(100);
  std::vector<replica_index> order;
  for (int i = 0; i < 70; ++i) order.push_back(it.pick().replica);
  CHECK(std::count(order.begin(), order.end(), 0u) == 50);
  CHECK(std::count(order.begin(), order.end(), 1u) == 10);
  int run = 0;
  int longest = 0;
  for (replica_index who : order) longest = std::max(longest, run = who == 0 ? run + 1 : 0);
  CHECK(longest <= 4);
}

TEST_CASE("random is uniform, and least loaded keeps in-flights even") {
  bench any(4, policy_kind::random);
  for (const auto& [who, count] : any.picks(4000)) {
    CHECK(count > 900);
    CHECK(count < 1100);
  }
  bench least(4, policy_kind::least_loaded);
  for (int i = 0; i < 400; ++i) least.begin();
  for (replica_index who = 0; who < 4; ++who) {
    CHECK(least.explained(who).in_flight >= 95);
    CHECK(least.explained(who).in_flight <= 105);
  }
}

TEST_CASE("weighted by metrics follows speed, capacity and success") {
  SUBCASE("speed") {
    bench it(2, policy_kind::weighted_by_metrics);
    for (int i = 0; i < 20; ++i) {
      it.serve(0, 10ms);
      it.serve(1, 30ms);
    }
    it.now += 3s;  // warm; the difference is remembered in part
    auto share = it.picks(1000);
    const double slower = it.seen().slowness(1) / it.seen().slowness(0);
    CHECK(share[0] > 500);
    CHECK(static_cast<double>(share[0]) / share[1] == doctest::Approx(slower).epsilon(.05));
  }
  SUBCASE("capacity") {
    bench it(2, policy_kind::weighted_by_metrics);
    const rpc::load_report one = report(1, 1);
    const rpc::load_report three = [] {
      rpc::load_report more = report(1, 3);
      more.limit = 3;
      return more;
    }();
    for (int i = 0; i < 20; ++i) {
      it.serve(0, 1ms, outcome::success, &one);
      it.serve(1, 1ms, outcome::success, &three);
    }
    it.now += 5s;
    auto share = it.picks(400);
    CHECK(share[1] == doctest::Approx(300).epsilon(.02));
  }
  SUBCASE("success") {
    bench it(2, policy_kind::weighted_by_metrics);
    it.warm();
    for (int i = 0; i < 4; ++i) it.serve(0, 1ms, outcome::failure);
    auto share = it.picks(100);
    CHECK(share[0] < 35);
    CHECK(share[0] > 0);
  }
}

// --- Keys ----------------------------------------------------------------------------------------------

namespace {

std::vector<maglev_table::member> members_of(std::uint32_t count) {
  std::vector<maglev_table::member> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({mix(i + 1), i});
  return all;
}

}  // namespace

TEST_CASE("consistent hashing") {
  bench it(10, policy_kind::consistent_hash);
  it.warm();
  const auto owner = [&](std::uint64_t key) {
    request what;
    what.key = key;
    return it.pick(what).replica;
  };
  std::map<std::uint64_t, replica_index> owners;
  std::map<replica_index, int> share;
  for (std::uint64_t key = 0; key < 2000; ++key) ++share[owners[key] = owner(key)];

  SUBCASE("gives each replica its part of the keys, always the same") {
    for (const auto& [key, who] : owners) CHECK(owner(key) == who);
    for (const auto& [who, count] : share) {
      CHECK(count > 140);
      CHECK(count < 260);
    }
  }
  SUBCASE("moves only the keys of a replica that leaves, and moves them to many") {
    it.replicas.remove(4);
    std::set<replica_index> heirs;
    for (const auto& [key, who] : owners) {
      if (who == 4) {
        heirs.insert(owner(key));
      } else {
        CHECK(owner(key) == who);
      }
    }
    CHECK(heirs.size() >= 6);
  }
  SUBCASE("fails over in the same order everywhere") {
    bench other(0, policy_kind::consistent_hash);
    for (int i = 0; i < 10; ++i) other.add();
    for (std::uint64_t key = 0; key < 100; ++key) {
      request what;
      what.key = key;
      const replica_index first[] = {owners[key]};
      what.tried = first;
      CHECK(it.pick(what).replica == other.pick(what).replica);
    }
  }
  SUBCASE("bounds the load: a hot key spills over to the next owner at 1.25 times the mean") {
    request what;
    what.key = 7;
    std::map<replica_index, int> hot;
    for (int i = 0; i < 100; ++i) ++hot[it.begin(what).replica];
    for (const auto& [who, count] : hot) CHECK(count <= 14);
    CHECK(hot.size() >= 8);
  }
  SUBCASE("chooses by score without a key") { CHECK(it.picks(200).size() == 10); }
}

TEST_CASE("the dynamic score keeps a key at its owner until the owner is busier than the others") {
  bench it(4);
  it.warm();
  request what;
  what.key = 99;
  const replica_index owner = it.pick(what).replica;
  for (int i = 0; i < 20; ++i) CHECK(it.pick(what).replica == owner);
  for (int i = 0; i < 3; ++i) it.begin_at(owner);
  CHECK(it.pick(what).replica != owner);
}

TEST_CASE("the Maglev table gives everyone as many slots to within one, in any order of members") {
  for (const std::uint32_t count : {1u, 2u, 3u, 10u, 97u, 1000u}) {
    CAPTURE(count);
    auto forth = members_of(count);
    auto back = forth;
    std::reverse(back.begin(), back.end());
    maglev_table one;
    maglev_table other;
    one.build(forth);
    other.build(back);
    std::vector<std::uint32_t> share(count);
    for (std::uint64_t key = 0; key < 100'000; ++key) {
      const std::uint32_t owner = one.owner(key);
      REQUIRE(owner < count);
      REQUIRE(owner == other.owner(key));
      ++share[owner];
    }
    // The slots are even to within one; keys fall on them at random, 5 sigmas at most.
    const double mean = 100'000. / count;
    for (const auto each : share) CHECK(std::abs(each - mean) < 5 * std::sqrt(mean) + mean / 50);
  }
}

TEST_CASE("the Maglev table moves less than 2/n of the keys when one of n leaves") {
  for (const std::uint32_t count : {3u, 10u, 30u, 100u}) {
    CAPTURE(count);
    auto all = members_of(count);
    auto fewer = all;
    const std::uint32_t leaver = count / 2;
    fewer.erase(fewer.begin() + leaver);
    maglev_table before;
    maglev_table after;
    before.build(all);
    after.build(fewer);
    int moved = 0;
    for (std::uint64_t key = 0; key < 100'000; ++key) {
      REQUIRE(after.owner(key) != leaver);
      moved += before.owner(key) != after.owner(key);
    }
    MESSAGE(count << " replicas, one leaves: " << moved / 1000. << "% of the keys move");
    CHECK(moved < 2 * 100'000 / static_cast<int>(count));
    CHECK(moved >= 90'000 / static_cast<int>(count));
  }
}

TEST_CASE("an empty Maglev table says so, and one can be built again") {
  maglev_table it;
  CHECK(it.empty());
  auto all = members_of(2);
  it.build(all);
  CHECK_FALSE(it.empty());
  it.build({});
  CHECK(it.empty());
}

TEST_CASE("maglev") {
  bench it(10, policy_kind::maglev);
  it.warm();
  const auto owner = [&](std::uint64_t key) { return it.pick(keyed(key)).replica; };
  std::map<std::uint64_t, replica_index> owners;
  for (std::uint64_t key = 0; key < 2000; ++key) owners[key] = owner(key);

  SUBCASE("keeps a key at its owner") {
    for (const auto& [key, who] : owners) CHECK(owner(key) == who);
  }
  SUBCASE("moves no other key while a replica is out of reach, and moves its keys to many") {
    it.replicas.set(4, standing::unreachable, true);
    std::set<replica_index> heirs;
    for (const auto& [key, who] : owners) {
      if (who == 4) {
        heirs.insert(owner(key));
      } else {
        CHECK(owner(key) == who);
      }
    }
    CHECK(heirs.size() == 9);
    CHECK(heirs.count(4) == 0);
    it.replicas.set(4, standing::unreachable, false);
    for (const auto& [key, who] : owners) CHECK(owner(key) == who);
  }
  SUBCASE("follows who comes and goes") {
    it.replicas.remove(4);
    int moved = 0;
    for (const auto& [key, who] : owners) moved += owner(key) != who;
    CHECK(moved < 400);
    const replica_index fresh = it.add();
    CHECK(it.pick().replica == fresh);  // an unkeyed call: by score, where a new one is tried
    int taken = 0;
    for (const auto& [key, who] : owners) taken += owner(key) == fresh;
    CHECK(taken > 140);
    CHECK(taken < 260);
  }
  SUBCASE("fails over in the same order everywhere") {
    bench other(0, policy_kind::maglev);
    for (int i = 0; i < 10; ++i) other.add();
    for (std::uint64_t key = 0; key < 100; ++key) {
      request what = keyed(key);
      const replica_index first[] = {owners[key]};
      what.tried = first;
      CHECK(it.pick(what).replica == other.pick(what).replica);
    }
  }
  SUBCASE("bounds the load: a hot key spills over at 1.25 times the mean") {
    std::map<replica_index, int> hot;
    for (int i = 0; i < 100; ++i) ++hot[it.begin(keyed(7)).replica];
    for (const auto& [who, count] : hot) CHECK(count <= 14);
    CHECK(hot.size() >= 8);
  }
  SUBCASE("chooses by score without a key") { CHECK(it.picks(200).size() == 10); }
}

// --- Scores and your own -------------------------------------------------------------------------------

TEST_CASE("a policy of the user's own is one small class over the same statistics") {
  class freshest final : public policy {
   public:
    std::string_view name() const override { return "freshest"; }
    preference pick(const candidates& among, const request&, random_source&) override {
      replica_index best = among[0];
      for (replica_index i : among)
        if (among.own_in_flight(i) < among.own_in_flight(best)) best = i;
      return {best};
    }
  };
  bench it(3);
  it.by = std::make_unique<freshest>();
  for (int i = 0; i < 9; ++i) it.begin();
  for (replica_index i = 0; i < 3; ++i) CHECK(it.explained(i).in_flight == 3);
}

TEST_CASE("equal scores are broken uniformly") {
  bench it(5);
  it.warm();
  for (const auto& [who, count] : it.picks(5000)) {
    CHECK(count > 900);
    CHECK(count < 1100);
  }
}
