// How many requests a service lets in at once, against a queue with workers in virtual time.
#include <algorithm>
#include <deque>
#include <queue>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/admission/allowance.hpp>
#include <troupe/admission/concurrency_limit.hpp>
#include <troupe/base/random.hpp>

namespace {

using namespace troupe;
using namespace troupe::admission;
using rpc::attempt_kind;
using rpc::criticality;

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

TEST_CASE("requests that run out of time in the queue shorten it, until none does any more") {
  concurrency_limit it(1024, start);
  time_point now = start;
  const auto serve = [&](duration length, duration waited, int of_each_expire) {
    for (const time_point end = now + length; now < end;) {
      now += 10ms;
      for (int i = 0; i < of_each_expire; ++i) it.expired(500ms);
      it.completed(waited, 10ms, now);
    }
  };
  serve(3s, 480ms, 1);
  CHECK(it.limit() > 20);  // what is completed in a quarter of a second
  CHECK(it.limit() < 32);
  serve(30s, 60ms, 0);
  CHECK(it.limit() > 90);
}
