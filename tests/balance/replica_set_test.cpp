// Statistics and score of a set of replicas, in virtual time.
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("balance options that make no sense are refused by name") {
  CHECK(options{}.validate());
  const auto refused = [](auto change) {
    options wrong;
    change(wrong);
    return !wrong.validate();
  };
  CHECK(refused([](options& o) { o.weight.cost = -1; }));
  CHECK(refused([](options& o) { o.weight.load = 100; }));
  CHECK(refused([](options& o) { o.ejection.failures_max = 0; }));
  CHECK(refused([](options& o) { o.ejection.success_min = 0; }));
  CHECK(refused([](options& o) { o.ejection.sigmas = 0; }));
  CHECK(refused([](options& o) { o.ejection.longest = 1ms; }));
  CHECK(refused([](options& o) { o.ejection.jitter = 1; }));
  CHECK(refused([](options& o) { o.latency_decay = 0s; }));
  CHECK(refused([](options& o) { o.success_prior = 0; }));
  CHECK(refused([](options& o) { o.tie = 1; }));
  CHECK(refused([](options& o) { o.bounce_cost = -1ms; }));
  CHECK(refused([](options& o) { o.affinity_load_max = 1; }));
}

TEST_CASE("every term of the score is in [0, 1], and the score is their weighted sum") {
  bench it(5);
  random_source random(3);
  for (int i = 0; i < 400; ++i) {
    const choice picked = it.begin();
    const time_point started = it.now;
    it.now += duration{static_cast<std::int64_t>(random.unit() * 30e6)};
    const auto how = static_cast<outcome>(random.below(6));
    const rpc::load_report load = report(random.below(100), random.below(8));
    if (random.below(5) != 0) it.end(picked, started, how, &load);
    for (const candidate& each : it.replicas.explain(0, it.now)) {
      double sum = 0;
      REQUIRE(each.terms.size() == score_terms);
      for (const term& one : each.terms) {
        REQUIRE(one.value >= 0);
        REQUIRE(one.value <= 1);
        REQUIRE(one.name != "?");
        sum += one.value * one.weight;
      }
      REQUIRE(each.score == doctest::Approx(sum));
    }
  }
}

TEST_CASE("the explanation lists the best first, with shares that sum to one") {
  bench it(3);
  it.warm();
  it.serve(1, 50ms);
  for (int i = 0; i < 50; ++i) it.serve(it.pick().replica, 1ms);
  const auto all = it.replicas.explain(0, it.now);
  REQUIRE(all.size() == 3);
  CHECK(all[0].score <= all[1].score);
  CHECK(all[1].score <= all[2].score);
  CHECK(all[2].name == "r1");
  CHECK(all[0].share + all[1].share + all[2].share == doctest::Approx(1));
  CHECK(all[2].share < .2);
}

TEST_CASE("the slower of two replicas costs more") {
  bench it(2);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 10ms);
    it.serve(1, 30ms);
  }
  CHECK(it.term_of(1, score_term::cost) > it.term_of(0, score_term::cost) + .1);
  CHECK(it.picks(100)[0] == 100);
}

TEST_CASE("a request bounces where so many are in its way that another replica is surely better") {
  const auto answered = [](bench& it, replica_index who, std::uint32_t in_flight, duration service) {
    const rpc::load_report load = report(in_flight, 1, service);
    for (int i = 0; i < 10; ++i) it.serve(who, service, outcome::success, &load);
  };
  const auto bound_between = [&](duration one, duration other) {
    bench it(2);
    for (int i = 0; i < 20; ++i) answered(it, 0, 1, one), answered(it, 1, 1, other);
    return it.pick();
  };

  SUBCASE("which is more than were expected, and more the better it is itself") {
    const choice alike = bound_between(20ms, 20ms);
    const choice better = bound_between(20ms, 60ms);
    CHECK(better.replica == 0);
    CHECK(alike.bounce_at >= 1);
    CHECK(alike.bounce_at <= 3);
    CHECK(better.bounce_at > alike.bounce_at);
    CHECK(better.bounce_at <= 6);
  }
  SUBCASE("but not for microseconds: to go there and elsewhere costs more than a hundred others") {
    CHECK(bound_between(5us, 5us).bounce_at > 100);
  }
  SUBCASE("never where there is no other, none that was compared, or nothing is known of it") {
    bench lone(1);
    answered(lone, 0, 1, 20ms);
    CHECK(lone.pick().bounce_at == 0);
    bench in_turn(2, policy_kind::round_robin);
    for (replica_index i = 0; i < 2; ++i) answered(in_turn, i, 1, 20ms);
    CHECK(in_turn.pick().bounce_at == 0);
    CHECK(bench(2).pick().bounce_at == 0);
  }
  SUBCASE("and for as long as `bounce_cost` says never") {
    options settings;
    settings.bounce_cost = 24h;
    bench it(2, policy_kind::dynamic_score, settings);
    for (replica_index i = 0; i < 2; ++i) answered(it, i, 1, 20ms);
    CHECK(it.pick().bounce_at > 1'000'000);
  }
}

TEST_CASE("bounces and probes share an allowance, and neither uses it up") {
  bench it(3);
  const rpc::load_report usual = report(1, 1, 20ms);
  for (int i = 0; i < 10; ++i)
    for (replica_index each = 0; each < 3; ++each) it.serve(each, 20ms, outcome::success, &usual);
  int bounced = 0, probed = 0;
  constexpr int calls = 10'000;
  for (int i = 0; i < calls; ++i) {
    choice picked = it.begin();
    while (const auto whom = it.replicas.probe_due(it.random, it.now)) {
      ++probed;
      it.replicas.probed(*whom, it.replicas.life_of(*whom), usual, it.now);
    }
    if (picked.bounce_at > 0) {  // everybody is always fuller than was thought
      ++bounced;
      const rpc::load_report full = report(picked.bounce_at + 1, 1, 20ms);
      it.end(picked, it.now, outcome::bounced, &full);
      picked = it.begin();
    }
    const time_point started = it.now;
    it.now += 20ms;
    it.end(picked, started, outcome::success, &usual);
  }
  CHECK(bounced + probed <= .505 * calls);
  CHECK(bounced > .2 * calls);
  CHECK(probed > .05 * calls);
}

TEST_CASE("what a request that bounced has met is news of the replica, and no failure of it") {
  bench it(2);
  const rpc::load_report usual = report(1, 1, 20ms);
  for (int i = 0; i < 10; ++i)
    for (replica_index each = 0; each < 2; ++each) it.serve(each, 20ms, outcome::success, &usual);
  const double before = it.seen().load(0);
  const rpc::load_report full = report(9, 1, 20ms);
  for (int i = 0; i < 10; ++i) it.serve(0, 1ms, outcome::bounced, &full);
  CHECK(it.seen().load(0) > before + 7);
  CHECK(it.seen().success(0) == doctest::Approx(it.seen().success(1)));
  CHECK_FALSE(it.seen().is_barred(0));
  CHECK(it.picks(100)[1] == 100);
}

TEST_CASE("a difference far below the cost floor is none: both get their share") {
  bench it(2);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 100us);
    it.serve(1, 250us);
  }
  auto picks = it.picks(1000);
  CHECK(picks[0] > 400);
  CHECK(picks[1] > 400);
}

TEST_CASE("a slow replica's cost fades without new answers, so that it is found out when it has recovered") {
  bench it(3);
  it.warm();
  it.serve(0, 100ms);
  CHECK(it.picks(100)[0] == 0);
  it.now += 30s;
  CHECK(it.picks(300)[0] > 50);
}

TEST_CASE("a replica that fails fast costs more than one that succeeds slowly") {
  bench it(3);
  it.warm(10ms);
  for (int i = 0; i < 4; ++i) it.serve(0, 100us, outcome::failure);
  CHECK(it.replicas.explain(0, it.now).back().name == "r0");
  CHECK(it.picks(100)[0] == 0);
}

TEST_CASE("when all fail alike, nobody is singled out") {
  bench it(4);
  it.warm();
  for (int i = 0; i < 60; ++i) it.serve(static_cast<replica_index>(i % 4), 1ms, outcome::failure);
  const auto all = it.replicas.explain(0, it.now);
  CHECK(all.back().score - all.front().score < .1);
  for (const auto& [who, count] : it.picks(400)) CHECK(count > 40);
}

TEST_CASE("a method that fails on one replica does not cost its other methods much") {
  bench it(2);
  it.warm();
  request other;
  other.group = replica_set::group_of(7);
  for (int i = 0; i < 4; ++i) {
    const choice picked = it.begin_at(0);
    completion how;
    how.group = 7;
    how.started = it.now;
    how.outcome = outcome::failure;
    it.replicas.ended(picked.replica, picked.life, how, it.now);
    it.serve(0, 1ms);
    it.serve(1, 1ms);
  }
  CHECK(it.picks(200, other)[0] == 0);
  CHECK(it.picks(200)[0] > 50);
}

TEST_CASE("methods beyond the last group share it") {
  CHECK(replica_set::group_of(0) == 0);
  CHECK(replica_set::group_of(31) == 31);
  CHECK(replica_set::group_of(32) == 31);
  CHECK(replica_set::group_of(~0u) == 31);
}

TEST_CASE("calls of our own in flight raise load and cost") {
  bench it(2);
  it.warm();
  std::map<replica_index, int> share;
  for (int i = 0; i < 20; ++i) ++share[it.begin().replica];
  CHECK(share[0] >= 9);
  CHECK(share[1] >= 9);
}

TEST_CASE("others' load, as reported, is avoided, and fades toward the median") {
  bench it(3);
  const rpc::load_report idle = report(1);
  const rpc::load_report busy = report(9);
  for (int i = 0; i < 20; ++i)
    for (replica_index who : {0u, 1u, 2u}) it.serve(who, 1ms, outcome::success, who == 0 ? &busy : &idle);
  it.now += 3s;
  for (replica_index who : {0u, 1u, 2u}) it.serve(who, 1ms, outcome::success, who == 0 ? &busy : &idle);
  CHECK(it.replicas.explain(0, it.now).back().name == "r0");
  CHECK(it.picks(100)[0] == 0);
  it.now += 2s;
  CHECK(it.picks(300)[0] > 50);
}

TEST_CASE("a report that is better than the truth gains nothing: the path is charged for the rest") {
  bench it(2);
  const rpc::load_report honest = report(1, 1, 10ms);
  const rpc::load_report flattering = report(1, 1, 1us);
  for (int i = 0; i < 40; ++i) {
    it.serve(0, 10ms, outcome::success, &honest);
    it.serve(1, 30ms, outcome::success, &flattering);
  }
  CHECK(it.term_of(1, score_term::cost) > it.term_of(0, score_term::cost));
}

TEST_CASE("workers count: the same queue is shorter where more are served at once") {
  bench it(2);
  const rpc::load_report one = report(5, 1);
  const rpc::load_report eight = report(5, 8);
  for (int i = 0; i < 20; ++i) {
    it.serve(0, 1ms, outcome::success, &one);
    it.serve(1, 1ms, outcome::success, &eight);
  }
  it.now += 5ms;
  CHECK(it.picks(100)[1] == 100);
}

TEST_CASE("overload cuts a replica's capacity, is no failure, and passes") {
  bench it(2);
  it.warm();
  const double before = it.term_of(0, score_term::load);
  for (int i = 0; i < 20; ++i) it.serve(0, 0s, outcome::overloaded);
  CHECK(it.term_of(0, score_term::load) > before + .3);
  CHECK(it.explained(0).ejected_until == time_point{});
  CHECK(it.picks(50)[0] == 0);
  it.now += 20s;
  CHECK(it.term_of(0, score_term::load) == doctest::Approx(before).epsilon(.05));
}

TEST_CASE("a withdrawn attempt is neither success nor failure, but its age is remembered") {
  bench it(2);
  it.warm();
  const double before = it.term_of(0, score_term::cost);
  const choice stuck = it.begin_at(0);
  const time_point started = it.now;
  it.now += 500ms;
  it.end(stuck, started, outcome::withdrawn);
  CHECK(it.term_of(0, score_term::cost) > before + .2);
  CHECK(it.picks(50)[0] == 0);
  it.serve(1, 1ms);
  CHECK(it.explained(0).in_flight == 0);
}

TEST_CASE("calls that wait too long raise the cost before they end") {
  bench it(2);
  it.warm();
  const choice stuck = it.begin_at(0);
  it.now += 1ms;
  const double young = it.term_of(0, score_term::cost);
  it.now += 100ms;
  CHECK(it.term_of(0, score_term::cost) > young + .2);
  it.end(stuck, it.now - 101ms);
}

TEST_CASE("a new replica gets one call, then its share: neither nothing nor everything") {
  bench it(3);
  it.warm();
  const replica_index fresh = it.add();
  CHECK(it.pick().replica == fresh);
  const choice trial = it.begin();
  CHECK(trial.replica == fresh);
  for (int i = 0; i < 20; ++i) CHECK(it.begin().replica != fresh);
  it.now += 1ms;
  it.end(trial, it.now - 1ms);
  CHECK(it.begin().replica == fresh);
}

TEST_CASE("a nearer replica is preferred while it is not busier") {
  bench it(1);
  const replica_index far = it.add(100, distance::remote);
  const replica_index self = it.add(100, distance::this_node);
  it.warm();
  CHECK(it.picks(50)[self] == 50);
  for (int i = 0; i < 12; ++i) it.begin();
  CHECK(it.explained(0).in_flight > 0);
  CHECK(it.explained(far).in_flight < it.explained(self).in_flight);
}

TEST_CASE("a suspected replica is avoided, a barred one more so") {
  bench it(3);
  it.warm();
  it.replicas.set(0, standing::suspected, true);
  it.replicas.set(1, standing::silent, true);
  CHECK(it.picks(50)[2] == 50);
  it.replicas.set(2, standing::unreachable, true);
  CHECK(it.picks(50)[0] == 50);
  it.replicas.set(0, standing::unreachable, true);
  CHECK(it.picks(50)[1] == 50);
  it.replicas.set(1, standing::unreachable, true);
  CHECK_FALSE(it.replicas.pick(*it.by, {}, it.random, it.now));
}

TEST_CASE("replicas that the call has tried come last, or not at all") {
  bench it(2);
  it.warm();
  const replica_index tried[] = {0, 1};
  request what;
  what.tried = {tried, 1};
  CHECK(it.picks(50, what)[1] == 50);
  what.tried = {tried, 2};
  CHECK(it.pick(what).before == choice::novelty::tried);
  what.tried_again = request::again::no;
  CHECK_FALSE(it.replicas.pick(*it.by, what, it.random, it.now));
}

TEST_CASE("an attempt that outlives its replica does not disturb the next one at its index") {
  bench it(2);
  const choice old = it.begin_at(0);
  it.replicas.remove(0);
  CHECK(it.picks(20)[1] == 20);
  CHECK(it.add() == 0);
  it.begin_at(0);
  it.end(old, it.now - 1s);
  CHECK(it.explained(0).in_flight == 1);
}

TEST_CASE("a replica whose first call fails at once gets no further free trial") {
  for (const auto how : {outcome::failure, outcome::overloaded}) {
    CAPTURE(how == outcome::failure);
    bench it(0);
    const replica_index healthy = it.add();
    for (int i = 0; i < 3; ++i) it.add();
    std::map<replica_index, int> share;
    for (int i = 0; i < 200; ++i) {
      const choice picked = it.begin();
      ++share[picked.replica];
      const time_point started = it.now;
      const bool fine = picked.replica == healthy;
      it.now += fine ? 5ms : 1ms;
      const rpc::load_report load = report(fine ? 1 : 100, 1, 5ms);
      it.end(picked, started, fine ? outcome::success : how,
             fine || how == outcome::overloaded ? &load : nullptr);
    }
    CHECK(share[healthy] > 185);
  }
}

namespace {

/// 2,000 calls, one after the other, of 5 ms each, or of next to none at `ill`; how many each replica got.
template <class Outcome>
std::map<replica_index, int> play_errors(bench& it, Outcome&& outcome_at, replica_index ill = ~0u) {
  std::map<replica_index, int> share;
  for (int i = 0; i < 2000; ++i) {
    const choice picked = it.begin();
    ++share[picked.replica];
    const time_point started = it.now;
    const duration takes = picked.replica == ill ? 100us : 5ms;
    it.now += takes;
    const rpc::load_report load = report(1, 1, takes);
    it.end(picked, started, outcome_at(picked.replica), &load);
  }
  return share;
}

}  // namespace

TEST_CASE("one of five that answers everything with an error, and at once, gets few calls") {
  bench it(5);
  it.warm(5ms);
  auto share = play_errors(
      it, [](replica_index i) { return i == 2 ? outcome::error : outcome::success; }, 2);
  CHECK(share[2] < 20);
}

TEST_CASE("errors that all give bar nobody") {
  bench it(5);
  it.warm(5ms);
  const auto share = play_errors(
      it, [&](replica_index) { return it.random.below(3) == 0 ? outcome::error : outcome::success; });
  for (const auto& [who, count] : share) CHECK(count > 200);
}
