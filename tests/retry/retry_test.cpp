// What may be repeated, how soon, and how often.
#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/retry/backoff.hpp>
#include <troupe/retry/budget.hpp>
#include <troupe/retry/decide.hpp>
#include <troupe/retry/options.hpp>

namespace {

using namespace troupe;
using namespace troupe::retry;
using namespace troupe::rpc;

constexpr time_point start{1000s};
constexpr safety all_safeties[] = {safety::unsafe, safety::idempotent, safety::read_only};

}  // namespace

TEST_CASE("an attempt that never left is repeated at once, whatever the method") {
  for (safety each : all_safeties) CHECK(decide(fate::never_sent, each) == verdict::at_once);
}

TEST_CASE("a refusal fails over free once, whatever the method") {
  for (safety each : all_safeties) CHECK(decide(fate::refused, each) == verdict::free_once);
}

TEST_CASE("an answer is final, whatever the method") {
  for (safety each : all_safeties) CHECK(decide(fate::answered, each) == verdict::final_answer);
}

TEST_CASE("what may have been executed is repeated from the budget when the method is declared safe") {
  CHECK(decide(fate::lost, safety::idempotent) == verdict::from_budget);
  CHECK(decide(fate::lost, safety::read_only) == verdict::from_budget);
}

TEST_CASE(
    "what may have been executed is never repeated when the method is unsafe or its safety is unknown") {
  CHECK(decide(fate::lost, safety::unsafe) == verdict::not_repeatable);
  CHECK(decide(fate::lost, static_cast<safety>(77)) == verdict::not_repeatable);
  CHECK_FALSE(may_overlap(safety::unsafe));
  CHECK_FALSE(may_overlap(static_cast<safety>(77)));
  CHECK(may_overlap(safety::idempotent));
}

TEST_CASE("every safety and fate has a name") {
  for (safety each : all_safeties) CHECK(to_string(each) != "?");
  for (fate each : {fate::never_sent, fate::refused, fate::lost, fate::answered})
    CHECK(to_string(each) != "?");
  CHECK(to_string(static_cast<fate>(9)) == "?");
  CHECK(to_string(static_cast<safety>(9)) == "?");
}

TEST_CASE("the budget") {
  options settings;
  settings.budget_initial = 2;
  settings.budget_max = 5;
  budget it(settings.repeats(), start);

  SUBCASE("starts with its initial balance and refuses when less than one is left") {
    CHECK(it.spend(start));
    CHECK(it.spend(start));
    CHECK_FALSE(it.spend(start));
    CHECK(it.balance(start) == doctest::Approx(0));
  }
  SUBCASE("earns a tenth of an attempt with each call") {
    while (it.spend(start)) {
    }
    for (int i = 0; i < 9; ++i) it.earn(start);
    CHECK_FALSE(it.spend(start));
    it.earn(start);
    it.earn(start);
    CHECK(it.spend(start));
  }
  SUBCASE("lets a quiet service repeat once a second") {
    while (it.spend(start)) {
    }
    CHECK_FALSE(it.spend(start + 900ms));
    CHECK(it.spend(start + 1s));
    CHECK_FALSE(it.spend(start + 1s));
  }
  SUBCASE("cannot be saved beyond its cap") {
    for (int i = 0; i < 1000; ++i) it.earn(start);
    CHECK(it.balance(start) == doctest::Approx(5));
    CHECK(it.balance(start + 1h) == doctest::Approx(5));
  }
  SUBCASE("forgets what calls earned, but not what time grants") {
    settings.budget_max = 1000;
    budget rich(settings.repeats(), start);
    for (int i = 0; i < 1000; ++i) rich.earn(start);
    CHECK(rich.balance(start) == doctest::Approx(102));
    CHECK(rich.balance(start + 5s) < 55);
    CHECK(rich.balance(start + 1h) == doctest::Approx(5).epsilon(.05));
    // Of a steady stream, about half a second's calls can be repeated at once.
    time_point now = start;
    for (int i = 0; i < 100'000; ++i) rich.earn(now += 1ms);
    CHECK(rich.balance(now) == doctest::Approx(500).epsilon(.05));
  }
  SUBCASE("is not confused by a time before the last") {
    it.earn(start + 10s);
    CHECK(it.balance(start) == doctest::Approx(5));
    CHECK(it.spend(start));
  }
}

TEST_CASE("the backoff") {
  const options settings;
  random_source random(7);

  SUBCASE("is nothing for the first failover") {
    CHECK(backoff(settings, 1, 20ms, 1s, random) == 0s);
    CHECK(backoff(settings, 0, 20ms, 1s, random) == 0s);
  }
  SUBCASE("is full jitter over a span that doubles") {
    for (std::uint32_t failover : {2u, 3u, 4u}) {
      const duration span = 20ms * (1 << (failover - 2));
      duration least = 1h;
      duration most{0};
      for (int i = 0; i < 1000; ++i) {
        const duration wait = backoff(settings, failover, 20ms, 1h, random);
        least = std::min(least, wait);
        most = std::max(most, wait);
      }
      CAPTURE(failover);
      CHECK(least < span / 20);
      CHECK(most > span * 9 / 10);
      CHECK(most < span);
    }
  }
  SUBCASE("takes the median latency between 5 and 50 ms as its span") {
    duration most_short{0};
    duration most_long{0};
    for (int i = 0; i < 1000; ++i) {
      most_short = std::max(most_short, backoff(settings, 2, 0s, 1h, random));
      most_long = std::max(most_long, backoff(settings, 2, 10s, 1h, random));
    }
    CHECK(most_short > 4ms);
    CHECK(most_short < 5ms);
    CHECK(most_long > 45ms);
    CHECK(most_long < 50ms);
  }
  SUBCASE("stays bounded after many failovers") {
    for (int i = 0; i < 1000; ++i) CHECK(backoff(settings, 4'000'000, 50ms, 1h, random) <= 1s);
  }
  SUBCASE("never passes the remaining time") {
    for (int i = 0; i < 1000; ++i) {
      const duration wait = backoff(settings, 6, 50ms, 4ms, random);
      CHECK(wait >= 0s);
      CHECK(wait <= 2ms);
    }
    CHECK(backoff(settings, 6, 50ms, 0s, random) == 0s);
    CHECK(backoff(settings, 6, 50ms, -5ms, random) == 0s);
  }
}

TEST_CASE("the wait for a replica's return is full jitter from 5 ms up to 200 ms, within what remains") {
  const options settings;
  random_source random(7);
  const auto longest_of = [&](std::uint32_t times, duration remaining) {
    duration longest{0};
    for (int i = 0; i < 1000; ++i)
      longest = std::max(longest, wait_for_return(settings, times, remaining, random));
    return longest;
  };
  CHECK(longest_of(1, 1h) > 4500us);
  CHECK(longest_of(1, 1h) < 5ms);
  CHECK(longest_of(3, 1h) > 18ms);
  CHECK(longest_of(3, 1h) < 20ms);
  CHECK(longest_of(100, 1h) > 190ms);
  CHECK(longest_of(100, 1h) < 200ms);
  CHECK(longest_of(100, 10ms) <= 5ms);
}

TEST_CASE("hedges have a budget of their own: one in fifty calls, and no saving up") {
  budget it(options{}.hedges(), start);
  CHECK(it.spend(start));
  CHECK_FALSE(it.spend(start + 1h));
  for (int i = 0; i < 49; ++i) it.earn(start);
  CHECK_FALSE(it.spend(start));
  it.earn(start);
  it.earn(start);
  CHECK(it.spend(start));
  for (int i = 0; i < 100'000; ++i) it.earn(start);
  CHECK(it.balance(start) == doctest::Approx(20));
}

TEST_CASE("retry options that make no sense are refused by name") {
  CHECK(options{}.validate());
  const auto refused = [](auto change) {
    options wrong;
    change(wrong);
    const auto checked = wrong.validate();
    return !checked && checked.error().code == code::invalid_argument && !checked.error().text.empty();
  };
  CHECK(refused([](options& o) { o.attempts_max = 0; }));
  CHECK(refused([](options& o) { o.attempts_max = 9; }));
  CHECK(refused([](options& o) { o.budget_per_call = 1.5; }));
  CHECK(refused([](options& o) { o.budget_per_second = -1; }));
  CHECK(refused([](options& o) { o.budget_initial = 2000; }));
  CHECK(refused([](options& o) { o.backoff_min = 0s; }));
  CHECK(refused([](options& o) { o.backoff_max = 1ms; }));
  CHECK(refused([](options& o) { o.hedges_per_call = .5; }));
  CHECK(refused([](options& o) { o.return_min = 0s; }));
  CHECK(refused([](options& o) { o.return_max = 1ms; }));
}
