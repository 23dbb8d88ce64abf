// Turns by weights that are measured: what each of the three quantities does to a share.
#include <doctest/doctest.h>

#include "balance/replica_set_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

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
