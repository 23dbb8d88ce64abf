// Whole clusters of membership cores in virtual time: what the cores do together.
#include <cstdint>
#include <simulator/membership/cluster.hpp>
#include <simulator/membership/random_faults.hpp>
#include <simulator/membership/trial.hpp>

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::simulator;
using membership::event_kind;
using membership::state;

namespace {

constexpr std::uint64_t seeds[] = {1, 2, 3, 4, 5};

cluster_options calm_options(std::uint64_t seed) { return {.mode = *find_mode("ours"), .seed = seed}; }

/// A cluster with a rule broken is a failed test, wherever it ends.
class watched_cluster : public cluster {
 public:
  explicit watched_cluster(const cluster_options& how) : cluster(how) {}
  explicit watched_cluster(std::uint64_t seed) : cluster(calm_options(seed)) {}
  ~watched_cluster() {
    const auto& broken = seen_by_all().broken();
    CHECK_MESSAGE(!broken, (broken ? broken->text : ""));
  }

  /// `size` nodes that start within a second, all with node 0 as their seed, until all agree.
  void grow(std::uint32_t count) {
    for (std::uint32_t node = 0; node < count; ++node) {
      if (node >= size()) add();
      start(node, {0});
      run(duration(1s) / count);
    }
    REQUIRE(run_until(15s, [&] { return agree(); }));
  }
  std::uint64_t events(event_kind kind) const {
    return seen_by_all().counted().events[static_cast<std::size_t>(kind)];
  }
  bool all_see(std::uint32_t subject, state wanted) const {
    for (const auto node : running_nodes())
      if (node != subject && seen_by_all().seen(node, subject) != wanted) return false;
    return true;
  }
  std::uint64_t wrong_deaths() const { return seen_by_all().counted().wrong_deaths; }
};

fault cut_off(std::uint32_t below) {
  fault split{.kind = fault_kind::cut};
  for (std::uint32_t node = 0; node < below; ++node) split.nodes.push_back(node);
  return split;
}

fault lossy(double share) { return {.kind = fault_kind::loss, .amount = share}; }

}  // namespace

TEST_CASE("joiners of one seed all know each other and their services within seconds") {
  for (const std::uint32_t size : {2, 3, 5, 16, 64}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      CAPTURE(size);
      watched_cluster net(seed);
      for (std::uint32_t node = 0; node < size; ++node) net.add();
      for (std::uint32_t node = 0; node < size; ++node) net.start(node, {0});
      CHECK(net.run_until(size <= 16 ? 3s : 12s, [&] { return net.agree(); }));
      CHECK(net.counted().largest_packet <= membership::options{}.packet_bytes_max);
      CHECK(net.events(event_kind::joined) == size * (size - 1));
    }
  }
}

TEST_CASE("nodes that name all of a list as seeds start in any order") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    for (int node = 0; node < 4; ++node) net.add();
    for (const std::uint32_t node : {3, 1}) net.start(node, {0, 1, 2, 3});
    net.run(3s);
    for (const std::uint32_t node : {2, 0}) net.start(node, {0, 1, 2, 3});
    CHECK(net.run_until(15s, [&] { return net.agree(); }));
  }
}

TEST_CASE("a calm cluster suspects nobody, and keeps no news") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    net.grow(16);
    net.run(600s);
    CHECK(net.events(event_kind::suspected) == 0);
    CHECK(net.events(event_kind::died) == 0);
    CHECK(net.agree());
    const auto before = net.counted();
    net.run(100s);
    // A ping and an ack, with their envelopes, and a sync of no difference now and then.
    const auto bytes = net.counted().packet_bytes + net.counted().stream_bytes;
    CHECK((bytes - before.packet_bytes - before.stream_bytes) / (16 * 100) < 500);
    net.compare_all();
  }
}

TEST_CASE("5% of loss declares nobody dead, and all still agree") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    net.grow(32);
    net.set_troubles({lossy(.05)});
    net.run(300s);
    CHECK(net.weather_counted().lost > 100);
    CHECK(net.wrong_deaths() == 0);
    net.set_troubles({});
    CHECK(net.run_until(30s, [&] { return net.agree(); }));
  }
}

TEST_CASE("a crash is known to all within the suspicion's bounds") {
  for (const std::uint32_t size : {3, 5, 16, 64}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      CAPTURE(size);
      watched_cluster net(seed);
      net.grow(size);
      net.crash(1);
      const auto bounds = bounds_of(membership::options{}, size);
      // Two rounds until the first probe of it fails at worst, but the many probe in parallel.
      const auto took = net.run_until(bounds.longest + 10s, [&] { return net.all_see(1, state::dead); });
      REQUIRE(took);
      CHECK(*took >= bounds.shortest);
      if (size >= 16) CHECK(*took <= bounds.shortest + 8s);
      CHECK(net.wrong_deaths() == 0);
    }
  }
}

TEST_CASE("nine tenths of a cluster crash: the survivors know within a minute") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    net.start_together(200);
    net.run(5s);
    for (std::uint32_t node = 20; node < 200; ++node) net.crash(node);
    CHECK(net.run_until(75s, [&] { return net.agree(); }));
    CHECK(net.wrong_deaths() == 0);
  }
}

TEST_CASE("on one machine a crash is known to all within a few seconds") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    auto how = calm_options(seed);
    how.mode.settings = membership::options::local();
    watched_cluster net(how);
    net.grow(6);
    net.crash(2);
    CHECK(net.run_until(4s, [&] { return net.all_see(2, state::dead); }));
    CHECK(net.wrong_deaths() == 0);
  }
}

TEST_CASE("a leave is known to all within a second, without suspicion, also when it is cut short") {
  for (const auto linger : {duration(2s), duration(20ms)}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      watched_cluster net(seed);
      net.grow(32);
      net.leave(5, linger);
      CHECK(net.run_until(1s, [&] { return net.all_see(5, state::left); }));
      net.run(60s);
      CHECK(net.events(event_kind::suspected) == 0);
    }
  }
}

TEST_CASE(
    "twenty nodes keep up with fifty joins and fifty leaves a second: no ghosts, and no memory of all") {
  constexpr std::uint32_t hosts = 20, guests = 1500, at_once = 50;
  auto options = calm_options(1);
  options.mode.settings.members_max = 1000;
  watched_cluster all(options);
  all.grow(hosts);
  for (std::uint32_t guest = 0; guest < guests + at_once; ++guest) {
    if (guest < guests) all.start(all.add(), {guest % hosts});
    if (guest >= at_once) all.leave(hosts + guest - at_once, 500ms);
    all.run(20ms);
    REQUIRE(all.brain(0).members().size() <= options.mode.settings.members_max);
  }
  CHECK(all.run_until(10s, [&] { return all.agree(); }));
  CHECK(all.wrong_deaths() == 0);
}

TEST_CASE("a restart is known to all within two seconds, long before its old life would have been dead") {
  for (const auto where : {new_address::same, new_address::another}) {
    for (const auto kept : {disk::kept, disk::lost}) {
      for (const auto seed : seeds) {
        CAPTURE(seed);
        watched_cluster net(seed);
        net.grow(32);
        net.crash(5);
        net.run(500ms);
        net.start(5, {0}, kept, where);
        CHECK(net.run_until(3s, [&] { return net.agree(); }));
        net.run(60s);
        CHECK(net.events(event_kind::died) == 0);
        CHECK(net.agree());
      }
    }
  }
}

TEST_CASE("a split in halves heals without anybody asking a seed") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    net.grow(24);
    net.set_troubles({cut_off(12)});
    net.run(180s);
    REQUIRE(net.seen_by_all().seen(0, 20) == state::dead);
    REQUIRE(net.seen_by_all().seen(20, 0) == state::dead);
    net.set_troubles({});
    CHECK(net.run_until(20s, [&] { return net.agree(); }));
    const auto deaths = net.events(event_kind::died);
    net.run(120s);
    CHECK(net.events(event_kind::died) == deaths);
    CHECK(net.agree());
  }
}

TEST_CASE("a node that was alone for long buried nobody, and is back within seconds") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    net.grow(16);
    net.set_troubles({cut_off(1)});
    net.run(600s);
    REQUIRE(net.seen_by_all().seen(7, 0) == state::dead);
    CHECK(net.seen_by_all().seen(0, 7) != state::dead);
    net.set_troubles({});
    CHECK(net.run_until(20s, [&] { return net.agree(); }));
  }
}

TEST_CASE("a paused node accuses nobody when it goes on, and is believed again") {
  for (const auto pause : {1s, 3s, 10s, 30s}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      CAPTURE(pause.count());
      watched_cluster net(seed);
      net.grow(16);
      net.pause(3, pause);
      net.run(pause - 1ms);
      const auto deaths = net.events(event_kind::died);
      net.run(1ms);
      CHECK(net.run_until(10s, [&] { return net.agree(); }));
      CHECK(net.events(event_kind::died) == deaths);
      for (std::uint32_t node = 0; node < 16; ++node)
        if (node != 3) CHECK(net.brain(node).self().incarnation == net.brain(0).self().incarnation);
    }
  }
}

TEST_CASE("documents too large for a packet reach everybody by stream") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    watched_cluster net(seed);
    net.grow(16);
    net.publish(7, 80);
    CHECK(!net.agree());
    CHECK(net.run_until(10s, [&] { return net.agree(); }));
    for (const auto node : net.running_nodes())
      CHECK(net.brain(node).find(net.id(7))->document.services.size() == 80);
    CHECK(net.counted().largest_packet <= membership::options{}.packet_bytes_max);
  }
}

TEST_CASE("two hundred schedules of random faults break no rule") {
  const auto came = run_schedules(1, 200, 2);
  CHECK_MESSAGE(!came.failing, came.complaint << "\n" << (came.failing ? text_of(*came.failing) : ""));
  CHECK(came.runs == 200);
  for (const char* kind : {"crash", "restart", "pause", "block", "cut", "loss", "delay", "leave", "join",
                           "publish", "packets duplicated", "packets late", "packets replayed", "disks lost"})
    CHECK_MESSAGE(came.fired.contains(kind), kind);
}
