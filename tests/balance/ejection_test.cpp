// Who is left out, and how it comes back: over a set of replicas, in virtual time.
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <doctest/doctest.h>

#include <troupe/balance/ejection.hpp>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("five failures in a row eject a replica for a second or so; it returns through one call") {
  bench it(3);
  it.warm();
  for (int i = 0; i < 4; ++i) it.serve(0, 1ms, outcome::failure);
  CHECK(it.explained(0).ejected_until == time_point{});
  it.serve(0, 1ms, outcome::failure);
  const candidate out = it.explained(0);
  CHECK(out.ejected_until >= it.now + 800ms);
  CHECK(out.ejected_until <= it.now + 1200ms);
  CHECK(out.why.find("failures in a row") != std::string::npos);
  CHECK(it.term_of(0, score_term::barred) == 1);
  it.now = out.ejected_until - 1ms;
  CHECK(it.picks(50)[0] == 0);
  it.now += 1ms;
  const choice probe = it.begin();
  CHECK(probe.replica == 0);
  for (int i = 0; i < 20; ++i) CHECK(it.begin().replica != 0);

  SUBCASE("which, when it succeeds, makes it healthy, and it warms up") {
    it.now += 1ms;
    it.end(probe, it.now - 1ms);
    CHECK(it.term_of(0, score_term::barred) == 0);
    CHECK(it.explained(0).why.empty());
    const double cold = it.term_of(0, score_term::load);
    it.now += 3s;
    CHECK(it.term_of(0, score_term::load) < cold);
  }
  SUBCASE("which, when it fails, ejects it for twice as long, up to half a minute") {
    choice each = probe;
    duration last{0};
    for (int i = 0; i < 8; ++i) {
      it.end(each, it.now, outcome::failure);
      const time_point until = it.explained(0).ejected_until;
      last = until - it.now;
      if (i == 0) CHECK(last > 1500ms);
      it.now = until;
      each = it.begin_at(0);
    }
    CHECK(last >= 24s);
    CHECK(last <= 36s);
  }
  SUBCASE("which, when nobody waits for it any more, counts as failed") {
    it.now += 500ms;
    it.end(probe, it.now - 500ms, outcome::withdrawn);
    CHECK(it.explained(0).ejected_until > it.now + 1s);
  }
}

TEST_CASE("an old call's end says nothing about the probe") {
  bench it(3);
  it.warm();
  const choice old = it.begin_at(0);
  const time_point old_start = it.now;
  for (int i = 0; i < 5; ++i) it.serve(0, 1ms, outcome::failure);
  it.now = it.explained(0).ejected_until;
  const choice probe = it.begin();
  REQUIRE(probe.replica == 0);
  it.now += 1ms;
  it.end(old, old_start);
  CHECK(it.term_of(0, score_term::barred) == 1);
  it.end(probe, it.now - 1ms);
  CHECK(it.term_of(0, score_term::barred) == 0);
}

TEST_CASE("a success between failures starts the count anew") {
  bench it(3);
  it.warm();
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 4; ++k) it.serve(0, 1ms, outcome::failure);
    it.serve(0, 1ms);
  }
  CHECK(it.explained(0).ejected_until == time_point{});
}

TEST_CASE("a replica that succeeds far less often than its peers is ejected, one of many alike is not") {
  bench it(4);
  for (int i = 0; i < 100; ++i)
    for (replica_index who = 0; who < 4; ++who) {
      if (it.term_of(who, score_term::barred) == 1) continue;
      it.serve(who, 1ms, who == 0 && i % 2 == 0 ? outcome::failure : outcome::success);
    }
  CHECK(it.explained(0).why.find("less often than its peers") != std::string::npos);
  for (replica_index who : {1u, 2u, 3u}) CHECK(it.explained(who).why.empty());

  bench all(4);
  for (int i = 0; i < 100; ++i)
    for (replica_index who = 0; who < 4; ++who)
      all.serve(who, 1ms, i % 2 == 0 ? outcome::failure : outcome::success);
  for (replica_index who = 0; who < 4; ++who) CHECK(all.explained(who).why.empty());
}

TEST_CASE(
    "a replica many times slower than its peers is ejected; when all are slow, or it is milliseconds, "
    "nobody") {
  bench it(3);
  it.warm(1ms);
  const auto ejected = [&](replica_index who) {
    return it.explained(who).why.find("slower") != std::string::npos;
  };
  SUBCASE("one is slow") {
    for (int i = 0; i < 5; ++i) {
      it.serve(1, 1ms);
      CHECK_FALSE(ejected(0));
      it.serve(0, 300ms);
    }
    CHECK(ejected(0));
  }
  SUBCASE("all are slow") {
    for (int i = 0; i < 20; ++i)
      for (const replica_index who : {0u, 1u, 2u}) it.serve(who, 300ms);
    for (const replica_index who : {0u, 1u, 2u}) CHECK_FALSE(ejected(who));
  }
  SUBCASE("a busy machine adds milliseconds") {
    for (int i = 0; i < 20; ++i) {
      it.serve(1, 1ms);
      it.serve(0, 20ms);
    }
    CHECK_FALSE(ejected(0));
  }
}

TEST_CASE(
    "a replica that says nothing while calls wait and its peers answer is ejected until it is heard, or half "
    "a minute") {
  bench it(3);
  it.warm();
  for (int i = 0; i < 3; ++i) it.begin_at(0);
  const auto live = [&](duration time) {
    for (const time_point end = it.now + time; it.now < end;) {
      it.serve(1, 10ms);
      it.replicas.watch(it.now);
    }
  };
  live(480ms);
  CHECK(it.explained(0).why.empty());
  live(40ms);
  CHECK(it.explained(0).why.find("silent") != std::string::npos);
  CHECK(it.explained(0).ejected_until > it.now + 29s);
  live(25s);
  CHECK(it.picks(50)[0] == 0);
  SUBCASE("heard") {
    it.replicas.heard(0, it.now);
    CHECK(it.pick().replica == 0);
  }
  SUBCASE("half a minute") {
    live(6s);
    CHECK(it.pick().replica == 0);
  }
}

TEST_CASE("a replica that answers no probes is sent none, and a probe on its way is not waited for") {
  bench it(3);
  it.warm();
  const auto live = [&](duration time) {
    int asked = 0;
    for (const time_point end = it.now + time; it.now < end;) {
      it.serve(1, 10ms);
      (void)it.pick();
      while (const auto whom = it.replicas.probe_due(it.random, it.now)) asked += *whom == 0 ? 1 : 0;
      it.replicas.heard(1, it.now);
      it.replicas.heard(2, it.now);
      it.replicas.watch(it.now);
    }
    return asked;
  };
  SUBCASE("unless it does answer") {
    CHECK(live(10s) > 0);
    CHECK(it.explained(0).why.find("silent") != std::string::npos);
  }
  SUBCASE("from the beginning") {
    it.replicas.set(0, standing::mute, true);
    CHECK(live(10s) == 0);
    CHECK(it.explained(0).why.empty());
  }
  SUBCASE("from when one was on its way") {
    while (live(10ms) == 0) it.now += 1ms;
    it.replicas.set(0, standing::mute, true);
    CHECK(live(10s) == 0);
    CHECK(it.explained(0).why.empty());
  }
}

TEST_CASE("silence is not held against a replica when nobody answers, or when frames arrive from it") {
  bench it(3);
  it.warm();
  for (int i = 0; i < 3; ++i) it.begin_at(0);
  SUBCASE("nobody answers") {
    for (int i = 0; i < 100; ++i) {
      it.now += 50ms;
      it.replicas.watch(it.now);
    }
  }
  SUBCASE("frames arrive") {
    for (int i = 0; i < 100; ++i) {
      it.serve(1, 50ms);
      it.replicas.heard(0, it.now);
      it.replicas.watch(it.now);
    }
  }
  CHECK(it.explained(0).why.empty());
}

TEST_CASE("the last replica is never ejected, nor more than half: then ejection is ignored") {
  for (std::uint32_t count : {1u, 2u, 3u, 4u}) {
    CAPTURE(count);
    bench it(count);
    it.warm();
    for (std::uint32_t sick = 1; sick <= count; ++sick) {
      for (int i = 0; i < 5; ++i) it.serve(sick - 1, 1ms, outcome::failure);
      std::uint32_t barred = 0;
      for (replica_index who = 0; who < count; ++who) barred += it.term_of(who, score_term::barred) > 0;
      CHECK(barred == (2 * sick > count ? 0 : sick));
    }
  }
}
