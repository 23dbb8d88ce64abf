// Options that make no sense.
#include <doctest/doctest.h>

#include <troupe/routing/options.hpp>

namespace {

using namespace troupe;
using namespace troupe::routing;

}  // namespace

TEST_CASE("routing options that make no sense are refused by name") {
  CHECK(options{}.validate());
  const auto refused = [](auto change) {
    options wrong;
    change(wrong);
    return !wrong.validate();
  };
  CHECK(refused([](options& o) { o.calls_max = 1; }));
  CHECK(refused([](options& o) { o.calls_max = (1u << 24) + 1; }));
  CHECK(refused([](options& o) { o.unknown_service_patience = -1s; }));
  CHECK(refused([](options& o) { o.stall_p99s = .5; }));
  CHECK(refused([](options& o) { o.stall_min = 0s; }));
  CHECK(refused([](options& o) { o.redial_max = 1ms; }));
  CHECK(refused([](options& o) { o.retry.attempts_max = 0; }));
  CHECK(refused([](options& o) { o.balance.tie = 2; }));
}
