// How many others a request puts up with before it goes elsewhere.
#include <doctest/doctest.h>

#include <troupe/balance/bounce.hpp>

using namespace troupe;
using namespace troupe::balance;

namespace {

/// A usual replica: one worker, 20 ms a request, and another one that is as good.
bounce_inputs usual() {
  return {.expected = 1,
          .workers = 1,
          .service = .02,
          .path = .0005,
          .cost = .02,
          .cost_median = .02,
          .score = .5f,
          .runner_up = .5f};
}

std::uint32_t threshold(const bounce_inputs& of, const options& settings = {}) {
  return bounce_threshold(of, settings);
}

template <class Change>
std::uint32_t threshold_with(Change change) {
  auto of = usual();
  change(of);
  return threshold(of);
}

}  // namespace

TEST_CASE("as many as were expected are put up with, one at least") {
  CHECK(threshold(usual()) >= 1);
  for (const double expected : {0., 1., 7., 40.}) {
    CAPTURE(expected);
    const auto bound = threshold_with([&](auto& of) { of.expected = expected; });
    CHECK(bound >= 1);
    CHECK(bound >= expected);
    CHECK(bound <= expected + 3);
  }
}

TEST_CASE("a request does not bounce from a replica that has a worker for it") {
  CHECK(threshold_with([](auto& of) { of.workers = 8; }) >= 8);
}

TEST_CASE("the better a replica is than the next, the more are put up with") {
  const auto with_next_at = [](float runner_up) {
    return threshold_with([&](auto& of) { of.service = of.cost = .002, of.runner_up = runner_up; });
  };
  auto last = with_next_at(.5f);
  for (const float runner_up : {.6f, .7f, .9f}) {
    const auto bound = with_next_at(runner_up);
    CHECK(bound > last);
    last = bound;
  }
}

TEST_CASE("a next best that has become the better one is worth no less than the way there") {
  CHECK(threshold_with([](auto& of) { of.runner_up = .1f; }) == threshold(usual()));
}

TEST_CASE("a way that is long is not gone for a short wait") {
  CHECK(threshold_with([](auto& of) { of.path = .2; }) > threshold(usual()) + 10);
  CHECK(threshold_with([](auto& of) { of.path = -.2; }) <= threshold(usual()));
  options dear;
  dear.bounce_cost = 1s;
  CHECK(threshold(usual(), dear) > threshold(usual()) + 40);
}

TEST_CASE("the shorter its requests, the more are put up with, up to a bound") {
  CHECK(threshold_with([](auto& of) { of.service = 5e-6; }) > 100);
  CHECK(threshold_with([](auto& of) { of.service = 0; }) > 100'000);
  const auto endless = threshold_with([](auto& of) {
    of.service = 0;
    of.path = 1e6;
  });
  CHECK(endless == 1'000'000'000);
}

TEST_CASE("a runner-up that nobody has compared, or a weight of nothing, breaks nothing") {
  CHECK(threshold_with([](auto& of) { of.runner_up = 0; }) >= 1);
  options flat;
  flat.weight.cost = 0;
  auto of = usual();
  of.runner_up = .9f;
  CHECK(threshold(of, flat) >= 1);
}
