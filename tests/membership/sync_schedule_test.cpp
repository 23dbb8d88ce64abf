// When a sync is due, and with whom.
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/sync_schedule.hpp>

#include "core_fixture.hpp"
#include "step_fixture.hpp"

using namespace troupe;
using namespace troupe::membership;

TEST_CASE(
    "a sync beside the periodic ones is had once a period, and the last one wanted waits for its turn") {
  step_fixture s;
  s.add_up_to(9);
  sync_schedule due(s.now + 1h, s.now);
  due.request({}, s.at());  // nowhere
  CHECK(s.out.syncs.empty());
  due.request(address_of(2), s.at());
  CHECK(s.out.syncs == std::vector{address_of(2)});
  due.request(address_of(3), s.at());
  due.request(address_of(4), s.at());
  CHECK(s.take().syncs.size() == 1);
  CHECK(due.next_deadline() == s.now + s.settings.probe_period);
  CHECK(due.next_periodic() == s.now + 1h);
  s.now = due.next_deadline();
  due.tick(s.at());
  CHECK(s.take().syncs == std::vector{address_of(4)});
  CHECK(due.next_deadline() == due.next_periodic());
}

TEST_CASE("who has just joined looks three times in quick succession, until one digest agrees") {
  step_fixture s;
  s.add_up_to(9);
  const auto syncs_in_a_minute = [&](bool agrees) {
    sync_schedule due(s.now + 1h, s.now);
    due.look_often(s.at());
    if (agrees) due.compare_digest(s.table.sums().total(), address_of(2), s.at());
    for (const auto end = s.now + 10s; due.next_deadline() <= end;) {
      s.now = due.next_deadline();
      due.tick(s.at());
    }
    return s.take().syncs.size();
  };
  CHECK(syncs_in_a_minute(false) == 4);
  CHECK(syncs_in_a_minute(true) == 1);
}

TEST_CASE("amid news it takes ten digests that differ, and where digests are off none are compared") {
  step_fixture s;
  s.add_up_to(9);
  s.at().announce(s.known(2), urgency::join, carry::version_only);
  sync_schedule due(s.now + 1h, s.now);
  for (int i = 0; i < 9; ++i) due.compare_digest(7, address_of(3), s.at());
  CHECK(s.out.syncs.empty());
  due.compare_digest(7, address_of(3), s.at());
  CHECK(s.take().syncs.size() == 1);
  s.settings.digests = false;
  s.now += 10s;
  for (int i = 0; i < 20; ++i) due.compare_digest(7, address_of(3), s.at());
  CHECK(s.out.syncs.empty());
}

TEST_CASE(
    "after one that failed the next digest that differs asks again, after one that agreed it does not") {
  step_fixture s;
  s.add_up_to(9);
  sync_schedule due(s.now + 1h, s.now);
  due.failed();
  due.compare_digest(7, address_of(3), s.at());
  CHECK(s.take().syncs.size() == 1);
  s.now += 10s;
  due.failed();
  due.agreed();
  due.compare_digest(7, address_of(3), s.at());
  CHECK(s.out.syncs.empty());
}

// --- In a core ------------------------------------------------------------------------------------------

TEST_CASE("a document that is announced but not carried is fetched from the teller, at a bounded rate") {
  core_fixture s;
  s.meet(6);
  auto bare = about(2);
  bare.registration_version = 7;
  s.gossip(3, {bare});
  CHECK(s.take().syncs == std::vector<endpoint>{address_of(3)});
  for (int i = 0; i < 10; ++i) s.gossip(4, {bare});
  CHECK(s.out.syncs.empty());
  s.run(1100ms);
  CHECK(asked(s.take(), 4));
  s.merge(4, {offering(2, 7, "shop.Cart")});
  CHECK(kinds(s.out) == happened{event_kind::changed});
}

TEST_CASE("five pings or acks in a row with another digest start an exchange, an equal one forgives") {
  auto quiet = core_fixture::prompt();
  quiet.exchange_period = 1h;
  core_fixture s(quiet);
  s.meet(2);
  s.run(5s);  // what there was to tell is told, the looks after joining are over
  s.take();
  const auto own = s.digest();
  const auto answer = [&](std::uint64_t digest) { s.ack(s.next_probe(), digest); };
  const auto ask = [&](std::uint64_t digest) {
    auto ping = s.from(2, packet_kind::ping);
    ping.target = life_of(1);
    ping.digest = digest;
    s.receive(ping);
  };
  for (const auto digest : {own + 1, own + 1, own, own + 1, own + 1}) {
    answer(digest);
    ask(digest);
  }
  CHECK(s.out.syncs.empty());
  answer(own + 1);
  CHECK(s.out.syncs == std::vector<endpoint>{address_of(2)});
  s.take();
  s.node.sync_failed();
  answer(own + 1);
  s.run(1s);
  CHECK(asked(s.out, 2));
}

TEST_CASE("one peer is exchanged with per period, however large the cluster") {
  const auto exchanges_in_an_hour = [](std::uint64_t last) {
    core_fixture s;
    s.meet(last);
    s.run(1min);
    s.take();
    s.run(1h);
    return static_cast<double>(s.out.syncs.size());
  };
  CHECK(exchanges_in_an_hour(3) == doctest::Approx(120).epsilon(0.1));
  CHECK(exchanges_in_an_hour(199) == doctest::Approx(120).epsilon(0.1));
}
