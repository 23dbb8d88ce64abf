// What every policy of policies.def promises, and one of a user's own.
#include <memory>
#include <string_view>

#include <doctest/doctest.h>

#include <troupe/balance/policy.hpp>

#include "balance/policy_fixture.hpp"

using namespace troupe;
using namespace troupe::balance;
using namespace troupe::balance::test;

TEST_CASE("no policy picks a barred, draining or tried replica while another is there") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(5, kind);
    it.replicas.set(0, standing::silent, true);
    it.replicas.set(1, standing::draining, true);
    it.replicas.set(4, standing::unreachable, true);
    const replica_index tried[] = {2};
    request what;
    what.tried = tried;
    CHECK(it.pick(what).replica == 3);
    for (std::uint64_t key = 0; key < 50; ++key) {
      what.key = key;
      CHECK(it.pick(what).replica == 3);
    }
  }
}

TEST_CASE("every policy picks one of the candidates, however many of them are left") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(40, kind);
    it.warm();
    for (std::uint32_t gone = 0; gone < 39; ++gone) {
      it.replicas.set(gone, standing::unreachable, true);
      for (std::uint64_t key = 0; key < 10; ++key) {
        CHECK(it.pick(keyed(key)).replica > gone);
        CHECK(it.pick().replica > gone);
      }
    }
  }
}

TEST_CASE("equals get equal shares from every policy") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(4, kind);
    it.warm();
    for (const auto& [who, count] : play(it, 4000)) {
      CHECK(count > 800);
      CHECK(count < 1200);
    }
  }
}

TEST_CASE("a new replica gets its share from every policy: neither nothing nor everything") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    bench it(4, kind);
    it.warm();
    play(it, 1000);
    const replica_index fresh = it.add();
    const int early = play(it, 100)[fresh];
    CHECK(early >= 1);
    CHECK(early <= 50);
    it.now += 5s;  // warm by now
    const int later = play(it, 2000)[fresh];
    CHECK(later > 240);
    CHECK(later < 600);
  }
}

TEST_CASE("a new replica that does not answer gets a few calls from every policy, and not more") {
  for (const auto kind : policy_kinds()) {
    CAPTURE(to_string(kind));
    const int lost = lost_at_mute_newcomer(kind);
    CHECK(lost >= 1);
    CHECK(lost <= 20);
  }
}

TEST_CASE("a policy of the user's own is one small class over the same statistics") {
  class freshest final : public policy {
   public:
    std::string_view name() const override { return "freshest"; }
    preference pick(const candidates& among, const request&, random_source&) override {
      replica_index best = among[0];
      for (replica_index i : among)
        if (among.own_in_flight(i) < among.own_in_flight(best)) best = i;
      return {best};
    }
  };
  bench it(3);
  it.by = std::make_unique<freshest>();
  for (int i = 0; i < 9; ++i) it.begin();
  for (replica_index i = 0; i < 3; ++i) CHECK(it.explained(i).in_flight == 3);
}
