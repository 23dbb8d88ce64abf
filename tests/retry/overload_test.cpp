// What a service admits, whom it turns away first, and how its callers learn to hold back.
#include <algorithm>
#include <deque>
#include <queue>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/retry/allowance.hpp>
#include <troupe/retry/concurrency_limit.hpp>
#include <troupe/retry/throttle.hpp>
#include <troupe/rpc/criticality.hpp>

namespace {

using namespace troupe;
using namespace troupe::retry;
using namespace troupe::rpc;

constexpr time_point start{1000s};

/// A service with a queue and some workers, and what became of the requests that were sent to it at random.
class served {
 public:
  struct load {
    double share;  // of the capacity
    duration length;
  };

  served(std::uint32_t workers, duration mean, std::uint64_t seed, std::uint32_t bound = 1024)
      : workers_(workers), mean_(mean), random_(seed), limit(bound, start) {}

  void run(load what) {
    offered = admitted = answered = 0;
    latencies.clear();
    const time_point end = now_ + what.length;
    const duration between = from_seconds(to_seconds(mean_) / (workers_ * what.share));
    time_point arrival = now_ + from_seconds(random_.exponential(to_seconds(between)));
    while (arrival < end || (!running_.empty() && running_.top().until < end)) {
      if (running_.empty() || arrival < running_.top().until) {
        now_ = arrival;
        arrive();
        arrival = now_ + from_seconds(random_.exponential(to_seconds(between)));
      } else {
        finish();
      }
    }
    now_ = end;
  }

  double shed() const {
    return static_cast<double>(offered - admitted) / static_cast<double>(std::max<std::uint64_t>(1, offered));
  }
  /// Answers over what the workers could have answered in that time.
  double goodput(duration length) const {
    return static_cast<double>(answered) * to_seconds(mean_) / to_seconds(length) / workers_;
  }
  duration p99() {
    const auto at = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() * 99 / 100);
    std::nth_element(latencies.begin(), at, latencies.end());
    return *at;
  }
  void slow_down(double times) { mean_ = from_seconds(to_seconds(mean_) * times); }

 private:
  struct execution {
    time_point until;
    time_point arrived;
    time_point began;
    bool operator<(const execution& other) const { return until > other.until; }
  };

  void arrive() {
    ++offered;
    const auto there = static_cast<std::uint32_t>(running_.size() + waiting_.size());
    if (there >= allowance(limit.limit(), criticality::normal, attempt_kind::first)) return limit.refused();
    ++admitted;
    waiting_.push_back(now_);
    begin();
  }
  void begin() {
    while (running_.size() < workers_ && !waiting_.empty()) {
      running_.push({now_ + from_seconds(random_.exponential(to_seconds(mean_))), waiting_.front(), now_});
      waiting_.pop_front();
    }
  }
  void finish() {
    const execution done = running_.top();
    running_.pop();
    now_ = done.until;
    ++answered;
    latencies.push_back(now_ - done.arrived);
    limit.completed(done.began - done.arrived, now_ - done.began, now_);
    begin();
  }

  std::uint32_t workers_;
  duration mean_;
  random_source random_;
  time_point now_ = start;
  std::deque<time_point> waiting_;
  std::priority_queue<execution> running_;

 public:
  concurrency_limit limit;
  std::uint64_t offered = 0, admitted = 0, answered = 0;
  std::vector<duration> latencies;
};

}  // namespace

// --- The limit -----------------------------------------------------------------------------------------

TEST_CASE("the limit sheds nothing that the service can serve") {
  struct kind {
    std::uint32_t workers;
    duration mean;
  };
  for (const kind each : {kind{1, 1ms}, kind{1, 100us}, kind{8, 5ms}, kind{100, 40ms}})
    for (const double share : {.5, .7, .9, .95})
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        served it(each.workers, each.mean, seed);
        it.run({share, 60s});
        INFO("workers ", each.workers, ", mean ", to_millis(each.mean), " ms, load ", share, ", seed ", seed,
             ", limit ", it.limit.limit());
        CHECK(it.shed() < .001);
      }
}

TEST_CASE("under overload the service stays busy and its answers stay quick") {
  struct kind {
    std::uint32_t workers;
    duration mean;
    duration p99;
  };
  for (const kind each :
       {kind{1, 1ms, 110ms}, kind{1, 100us, 100ms}, kind{8, 5ms, 110ms}, kind{100, 40ms, 260ms}})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      served it(each.workers, each.mean, seed);
      it.run({.7, 10s});
      it.run({1.5, 10s});  // in which the limit is found
      it.run({1.5, 60s});
      INFO("workers ", each.workers, ", mean ", to_millis(each.mean), " ms, seed ", seed, ", limit ",
           it.limit.limit());
      CHECK(it.goodput(60s) >= .95);
      CHECK(it.p99() <= each.p99);
      it.run({.7, 10s});
      CHECK(it.shed() < .01);
      it.run({.9, 60s});
      CHECK(it.shed() < .001);
    }
}

TEST_CASE("the limit is found within a second or two of the overload's beginning") {
  served it(1, 1ms, 5);
  it.run({.5, 10s});
  CHECK(it.limit.limit() == 1024);
  it.run({2, 2s});
  CHECK(it.limit.limit() < 150);
}

TEST_CASE("a service that has become slower is measured anew and keeps busy") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed ", seed);
    served it(50, 10ms, seed);
    it.run({1.5, 30s});
    it.slow_down(4);
    it.run({1.5, 30s});
    it.run({1.5, 30s});
    CHECK(it.goodput(30s) >= .95);
    CHECK(it.p99() < 400ms);
  }
}

TEST_CASE("a limit stays within one and its bound") {
  concurrency_limit it(3, start);
  time_point now = start;
  bool within = true;
  for (int i = 0; i < 100'000; ++i) {
    now += 10us;
    it.completed(i % 2 == 0 ? 1h : -1h, 1us, i % 7 == 0 ? now - 5s : now);
    within &= it.limit() >= 1 && it.limit() <= 3;
  }
  CHECK(within);
  concurrency_limit idle(0, start);
  CHECK(idle.limit() == 1);
  idle.completed(1s, 1s, start + 1h);
  CHECK(idle.limit() == 1);
}

// --- Criticality ---------------------------------------------------------------------------------------

TEST_CASE("as a service fills up, the less critical stop first, and repeats before first attempts") {
  const auto at = [](criticality what, attempt_kind which) { return allowance(100, what, which); };
  CHECK(at(criticality::sheddable, attempt_kind::further) == 65);
  CHECK(at(criticality::sheddable, attempt_kind::first) == 70);
  CHECK(at(criticality::normal, attempt_kind::further) == 85);
  CHECK(at(criticality::normal, attempt_kind::first) == 90);
  CHECK(at(criticality::critical, attempt_kind::further) == 95);
  CHECK(at(criticality::critical, attempt_kind::first) == 100);
}

TEST_CASE("the smallest limit leaves room for one request of any kind") {
  for (std::uint32_t limit : {0u, 1u})
    for (std::uint8_t i = 0; i < criticalities; ++i)
      CHECK(allowance(limit, criticality_from_wire(i), attempt_kind::further) == 1);
  CHECK(allowance(4'000'000'000, criticality::critical, attempt_kind::first) == 4'000'000'000);
}

TEST_CASE("a criticality that is none counts as normal") {
  CHECK(criticality_from_wire(2) == criticality::critical);
  CHECK(criticality_from_wire(3) == criticality::normal);
  CHECK(criticality_from_wire(255) == criticality::normal);
  CHECK(to_string(criticality::sheddable) == "sheddable");
  CHECK(to_string(static_cast<criticality>(9)) == "?");
}

// --- The throttle --------------------------------------------------------------------------------------

TEST_CASE("the throttle") {
  throttle it(start);
  const auto refuse = [&](criticality of, time_point now) {
    it.sent(of, now);
    it.refused(of, now);
  };
  const auto chance = [&](criticality of = criticality::normal, duration later = 0s) {
    return it.probability(of, start + later);
  };

  SUBCASE("is the book's formula: it begins where less than half is accepted") {
    for (int i = 0; i < 60; ++i) it.sent(criticality::normal, start);
    for (int i = 0; i < 60; ++i) refuse(criticality::normal, start);
    CHECK(chance() == doctest::Approx(0));
    for (int i = 0; i < 30; ++i) refuse(criticality::normal, start);
    CHECK(chance() == doctest::Approx(30. / 151));
  }
  SUBCASE("does nothing before there is evidence") {
    for (int i = 0; i < 19; ++i) refuse(criticality::normal, start);
    CHECK(chance() == 0);
    refuse(criticality::normal, start);
    CHECK(chance() > .9);
  }
  SUBCASE("counts on what has no answer yet") {
    for (int i = 0; i < 100; ++i) it.sent(criticality::normal, start);
    for (int i = 0; i < 30; ++i) it.refused(criticality::normal, start);
    CHECK(chance() == 0);
  }
  SUBCASE("forgets within seconds") {
    for (int i = 0; i < 100; ++i) refuse(criticality::normal, start);
    CHECK(chance() > .98);
    CHECK(chance(criticality::normal, 20s) == 0);  // 13 of them left
  }
  SUBCASE("holds back what is less critical at least as much as what is more") {
    for (int i = 0; i < 100; ++i) refuse(criticality::normal, start);
    for (int i = 0; i < 100; ++i) it.sent(criticality::sheddable, start);
    for (int i = 0; i < 100; ++i) it.sent(criticality::critical, start);
    CHECK(chance(criticality::sheddable) == chance(criticality::normal));
    CHECK(chance(criticality::critical) == 0);
  }
  SUBCASE("sends about twice what is accepted, and recovers with the service") {
    random_source random(11);
    time_point now = start;
    const auto second = [&](int accepts_a_second) {
      int sent = 0;
      int accepted = 0;
      for (int i = 0; i < 1000; ++i) {
        now += 1ms;
        if (it.refuses(criticality::normal, random, now)) continue;
        ++sent;
        if (accepted * 1000 < accepts_a_second * (i + 1)) {
          ++accepted;
          it.sent(criticality::normal, now);
        } else {
          refuse(criticality::normal, now);
        }
      }
      return sent;
    };
    for (int i = 0; i < 60; ++i) second(100);
    const int sent = second(100);
    CHECK(sent > 170);
    CHECK(sent < 240);
    int seconds = 0;
    while (second(1000) < 1000 && seconds < 60) ++seconds;
    CHECK(seconds <= 20);
  }
}
