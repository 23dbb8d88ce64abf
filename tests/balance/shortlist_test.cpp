// Who may be picked and at what score, kept from pick to pick.
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/evidence.hpp>
#include <troupe/balance/shortlist.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

using indices = std::vector<replica_index>;

/// Replicas of which nothing is known, reachable.
struct list_fixture {
  explicit list_fixture(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) add();
  }
  replica_index add() {
    const auto i = everyone.add({.node = {100 + everyone.size()}});
    known.add(i);
    set(i, standing::unreachable, false);
    return i;
  }
  void set(replica_index i, standing what, bool holds = true) {
    everyone.set(i, what, holds);
    list.forget();
  }
  estimates at() { return {settings, everyone, known, known.look(0, now)}; }
  void make() {
    const auto seen = at();
    for (replica_index i = 0; i < everyone.size(); ++i)
      if (!everyone.is(i, standing::unreachable)) known.turn(i, 0, now);
    list.make(seen, {known.changes(0), known.next_turn(0, now)});
  }
  void eject(replica_index i) {
    for (int n = 0; n < 5; ++n) {
      known.began(i, 0, now);
      known.ended(i, {.started = now, .outcome = outcome::failure}, now);
    }
  }
  indices made() {
    make();
    return {list.all().begin(), list.all().end()};
  }
  bool holds() {
    const auto seconds = at().now().seconds;
    return list.holds(seconds, known.changes(0), now);
  }
  float score(replica_index i) const { return list.scores()[i]; }
  indices narrowed(const request& what) {
    indices into{77};  // of the pick before
    narrow(at(), what, into);
    return into;
  }

  time_point now{1000s};
  options settings;
  presence everyone;
  evidence known{settings, 1, now};
  shortlist list;
};

}  // namespace

TEST_CASE("the reachable are on the list, in ascending order, and nobody else has a score") {
  list_fixture it(5);
  it.set(1, standing::unreachable);
  it.set(3, standing::unreachable);
  CHECK(it.made() == indices{0, 2, 4});
  CHECK(it.score(0) != scoreboard::out);
  CHECK(it.score(1) == scoreboard::out);
  it.set(0, standing::unreachable);
  CHECK(it.made() == indices{2, 4});
  CHECK(it.score(0) == scoreboard::out);
  for (replica_index i = 0; i < 5; ++i) it.set(i, standing::unreachable);
  CHECK(it.made().empty());
  CHECK(it.list.scores().lowest() == scoreboard::out);
}

TEST_CASE("those that are barred are listed when nobody else is left, those that drain after that") {
  list_fixture it(3);
  it.set(0, standing::draining);
  it.set(1, standing::silent);
  CHECK(it.made() == indices{2});
  it.set(2, standing::unreachable);
  CHECK(it.made() == indices{1});
  it.set(1, standing::unreachable);
  CHECK(it.made() == indices{0});
}

TEST_CASE("who is merely suspected, degraded or mute stays on the list") {
  list_fixture it(3);
  it.set(0, standing::suspected);
  it.set(1, standing::degraded);
  it.set(2, standing::mute);
  CHECK(it.made() == indices{0, 1, 2});
}

TEST_CASE("a list holds until somebody stands otherwise, an ejection changes, or a second has passed") {
  list_fixture it(3);
  CHECK_FALSE(it.holds());  // was never made
  it.make();
  CHECK(it.holds());
  SUBCASE("somebody came") { it.add(); }
  SUBCASE("somebody was ejected") { it.eject(1); }
  SUBCASE("an ejection is over") {
    it.eject(1);
    CHECK(it.made() == indices{0, 2});
    const auto over = it.known.next_turn(0, it.now);
    while (it.now + 500ms < over) {
      it.now += 500ms;
      CHECK(it.holds());
      it.list.refresh(it.at());
    }
    it.now = over;
  }
  SUBCASE("nobody looked at it for more than a second") {
    it.now += 1s;
    CHECK(it.holds());
    it.now += 1ms;
  }
  CHECK_FALSE(it.holds());
  it.make();
  CHECK(it.holds());
}

TEST_CASE("a list does not wait for one whose ejection is over, and who cannot be reached") {
  list_fixture it(3);
  it.eject(1);
  it.set(1, standing::unreachable);
  it.now += 1min;
  CHECK(it.made() == indices{0, 2});
  CHECK(it.holds());
  it.set(1, standing::unreachable, false);
  CHECK(it.made() == indices{0, 1, 2});
}

TEST_CASE("nor for one whose ejection for a method is over while it is still out for its silence") {
  list_fixture it(3);
  it.eject(1);
  for (int n = 0; n < 3; ++n) it.known.began(1, 0, it.now);
  it.now += 600ms;
  it.known.began(0, 0, it.now);
  it.known.ended(0, {.started = it.now, .outcome = outcome::success}, it.now);
  CHECK(it.known.watch(std::vector<time_point>(3, never), it.now));
  it.now += 5s;
  CHECK(it.made() == indices{0, 2});
  CHECK(it.holds());
}

TEST_CASE("who was touched is scored anew by the next look, all others keep their score") {
  list_fixture it(3);
  it.make();
  const auto before = it.score(0);
  for (replica_index i = 0; i < 3; ++i) it.known.began(i, 0, it.now);
  it.list.touch(1);
  it.list.touch(1);
  it.list.refresh(it.at());
  CHECK(it.score(0) == before);
  CHECK(it.score(1) == it.at().computed_score(1));
  CHECK(it.score(1) != before);
  CHECK(it.score(2) == before);
}

TEST_CASE("who is not on the list gets no score by being touched") {
  list_fixture it(2);
  it.set(1, standing::unreachable);
  it.make();
  it.list.touch(1);
  it.list.refresh(it.at());
  CHECK(it.score(1) == scoreboard::out);
}

TEST_CASE("what changes with time is scored anew in turn, everybody within the age of a score") {
  list_fixture it(100);
  it.make();
  const auto before = it.score(0);
  for (replica_index i = 0; i < 100; ++i) it.known.began(i, 0, it.now);
  const auto old_ones = [&] {
    std::size_t count = 0;
    for (const auto i : it.list.all()) count += it.score(i) == before ? 1 : 0;
    return count;
  };
  const auto until = it.now + it.settings.score_age;
  it.now += it.settings.score_age / 10;
  it.list.refresh(it.at());
  CHECK(old_ones() > 80);
  while (it.now <= until) {
    it.now += it.settings.score_age / 10;
    it.list.refresh(it.at());
  }
  CHECK(old_ones() == 0);
}

TEST_CASE("a call that may not go everywhere goes where it may, in ascending order") {
  list_fixture it(6);
  it.set(2, standing::unreachable);
  CHECK(it.narrowed({}) == indices{0, 1, 3, 4, 5});
  CHECK(it.narrowed({.only = it.everyone.facts(4).node}) == indices{4});
  CHECK(it.narrowed({.only = it.everyone.facts(2).node}).empty());
  CHECK(it.narrowed({.only = {12345}}).empty());
  const indices among{1, 2, 5};
  CHECK(it.narrowed({.among = among}) == indices{1, 5});
}

TEST_CASE("those that a call has tried come after all others, or not at all") {
  list_fixture it(3);
  const indices two{0, 2};
  const indices all{0, 1, 2};
  CHECK(it.narrowed({.tried = two}) == indices{1});
  CHECK(it.narrowed({.tried = all}) == indices{0, 1, 2});
  CHECK(it.narrowed({.tried = all, .tried_again = request::again::no}).empty());
  it.set(1, standing::silent);
  CHECK(it.narrowed({.tried = two}) == indices{1});
  it.set(1, standing::draining);
  CHECK(it.narrowed({.tried = two}) == indices{0, 2});
  CHECK(it.narrowed({.tried = two, .tried_again = request::again::no}) == indices{1});
}
