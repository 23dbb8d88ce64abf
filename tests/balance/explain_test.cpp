// What is told of each replica to whoever asks why.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/explain.hpp>
#include <troupe/balance/score.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

struct explain_fixture {
  explicit explain_fixture(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto added = everyone.add({.node = {100 + i},
                                       .name = "pay-" + std::to_string(i),
                                       .address = "127.0.0.1:" + std::to_string(i)});
      known.add(added);
      shares.reset(added);
      everyone.set(added, standing::unreachable, false);
    }
  }
  void end(replica_index i, outcome how) {
    known.began(i, 0, now);
    known.ended(i, {.started = now, .outcome = how}, now);
  }
  void eject(replica_index i) {
    for (int n = 0; n < 5; ++n) end(i, outcome::failure);
  }
  std::vector<candidate> all() const { return explain(settings, everyone, known, shares, 0, now); }
  candidate of(replica_index i) const {
    for (const auto& each : all())
      if (each.node == everyone.facts(i).node) return each;
    FAIL("nothing is told of it");
    return {};
  }
  std::string why(replica_index i) const { return of(i).why; }

  time_point now{1000s};
  options settings;
  presence everyone;
  evidence known{settings, 1, now};
  pick_shares shares;
};

}  // namespace

TEST_CASE("each replica is told of by its name, and nobody who has gone") {
  explain_fixture it(3);
  it.everyone.remove(1);
  it.known.remove(1);
  const auto all = it.all();
  REQUIRE(all.size() == 2);
  CHECK(it.of(2).name == "pay-2");
  CHECK(it.of(2).address == "127.0.0.1:2");
  CHECK(explain_fixture(0).all().empty());
}

TEST_CASE("why a replica is not picked is said, and nothing where it may be") {
  explain_fixture it(5);
  it.everyone.set(1, standing::unreachable, true);
  it.everyone.set(2, standing::unreachable, true);
  it.everyone.set(2, standing::outside, true);
  it.everyone.set(3, standing::silent, true);
  it.everyone.set(4, standing::draining, true);
  CHECK(it.why(0).empty());
  CHECK(it.why(1).find("unreachable") == 0);
  CHECK(it.why(2).find("outside") == 0);
  CHECK(it.why(3).find("silent") == 0);
  CHECK(it.why(4).find("draining") == 0);
}

TEST_CASE("an ejection is told with its cause and its end, and a look does not end it") {
  explain_fixture it(5);
  for (replica_index i = 0; i < 5; ++i) it.end(i, outcome::success);
  it.eject(2);
  CHECK(it.why(2).find("ejected: ") == 0);
  CHECK(it.of(2).ejected_until > it.now);
  CHECK(it.of(0).ejected_until == time_point{});
  it.now = it.of(2).ejected_until;
  CHECK(it.why(2).find("probing: ") == 0);
  CHECK(it.of(2).ejected_until == time_point{});
  CHECK(it.known.of_method(0).ejection().state_of(2) == health::ejected);
}

TEST_CASE("ejections that would leave too few are told, and that they are ignored") {
  explain_fixture it(3);
  for (replica_index i = 0; i < 3; ++i) it.end(i, outcome::success);
  it.eject(2);
  CHECK(it.why(2).find("ignored") == std::string::npos);
  for (const replica_index gone : {0u, 1u}) {
    it.everyone.remove(gone);
    it.known.remove(gone);
  }
  CHECK(it.why(2).find("ejected: ") == 0);
  CHECK(it.why(2).find("ignored") != std::string::npos);
}

TEST_CASE("the best is told first, and its score is the sum of its terms") {
  explain_fixture it(4);
  for (replica_index i = 0; i < 4; ++i) it.end(i, outcome::success);
  it.everyone.set(0, standing::suspected, true);
  it.everyone.set(1, standing::silent, true);
  const auto all = it.all();
  REQUIRE(all.size() == 4);
  CHECK(all[2].name == "pay-0");
  CHECK(all[3].name == "pay-1");
  for (const auto& each : all) {
    REQUIRE(each.terms.size() == score_terms);
    double sum = 0;
    for (const auto& one : each.terms) sum += one.value * one.weight;
    CHECK(each.score == doctest::Approx(sum));
  }
}

TEST_CASE("own calls in flight and the share of recent picks are each replica's") {
  explain_fixture it(3);
  CHECK(it.of(0).share == 0);
  for (int i = 0; i < 3; ++i) it.known.began(1, 0, it.now);
  for (const replica_index picked : {0u, 1u, 1u, 1u}) it.shares.picked(picked, it.known.seconds_at(it.now));
  CHECK(it.of(1).in_flight == 3);
  CHECK(it.of(0).in_flight == 0);
  CHECK(it.of(1).share == doctest::Approx(.75));
  CHECK(it.of(0).share == doctest::Approx(.25));
  CHECK(it.of(2).share == 0);
}
