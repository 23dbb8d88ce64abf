// The published contenders: each one's rule, fed by hand. They are what the project's own score is compared
// with, so they must be neither worse nor better than their sources say (published_figures_test.cpp).
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/balance/policy_kind.hpp>

#include "simulator/balance/contenders/c3.hpp"
#include "simulator/balance/contenders/peak_ewma.hpp"
#include "simulator/balance/contenders/prequal.hpp"
#include "simulator/balance/contenders/weighted_round_robin.hpp"

namespace {

using namespace troupe;
using namespace troupe::simulator;

constexpr std::uint64_t seed = 7;

rpc::load_report load_of(std::uint32_t in_flight, duration service, std::uint32_t workers = 100) {
  rpc::load_report load;
  load.in_flight = in_flight;
  load.workers = workers;
  load.service_time = service;
  return load;
}

/// Servers that are what the test says.
struct known_truth : truth {
  std::vector<std::uint32_t> busy;
  std::vector<double> speeds;
  std::vector<duration> distances;

  std::uint32_t in_flight(server_index which) const override { return busy[which]; }
  double workers(server_index) const override { return 4; }
  double speed(server_index which) const override { return speeds[which]; }
  duration network(server_index which) const override { return distances[which]; }
  duration mean_work() const override { return 10ms; }
};

/// One contender before `servers` servers, at a time that the test moves.
class bench {
 public:
  explicit bench(std::uint32_t servers) : all(servers) {
    std::iota(all.begin(), all.end(), 0u);
    of.servers = servers;
    of.workers = 4;
    of.deadline = 1s;
  }
  bench(const std::string& name, std::uint32_t servers) : bench(servers) { enter(name); }
  bench(std::uint32_t servers, const prequal_options& how) : bench(servers) {
    enter(make_prequal(of, seed, how));
  }

  void enter(const std::string& name) {
    auto made = make_contender(name, of, seed);
    REQUIRE(made);
    enter(std::move(*made));
  }
  void enter(std::unique_ptr<contender> made) {
    who = std::move(made);
    for (const auto each : all) who->appeared(each, now);
  }

  std::optional<server_index> try_choose() {
    const auto chosen = who->choose({0, std::nullopt, all}, now);
    probes.clear();
    who->probe(now, probes);
    return chosen;
  }
  server_index choose() {
    const auto chosen = try_choose();
    REQUIRE(chosen.has_value());
    return *chosen;
  }
  void end(server_index from, time_point sent, ending how = ending::success,
           const rpc::load_report* load = nullptr) const {
    who->ended({from, 0, sent, how, load}, now);
  }
  void probed(server_index from, std::uint32_t rif, duration service) const {
    who->probed(from, load_of(rif, service), 1ms, now);
  }
  /// Sends `count` requests one after the other, each answered after its server's latency; who got how many.
  std::vector<int> serve(int count, const std::vector<duration>& latencies,
                         ending how_of_last = ending::success) {
    std::vector<int> got(all.size());
    for (int i = 0; i < count; ++i) {
      const auto sent = now;
      const auto chosen = choose();
      ++got[chosen];
      now += latencies[chosen];
      const auto load = load_of(1, latencies[chosen]);
      end(chosen, sent, chosen + 1 == all.size() ? how_of_last : ending::success, &load);
      now += 1ms;
    }
    return got;
  }

  time_point now{100s};
  contest of;
  std::vector<server_index> all;
  std::vector<server_index> probes;
  std::unique_ptr<contender> who;
};

/// The published ones, and our policies over our own statistics.
std::vector<std::string> all_names() {
  auto names = contender_names();
  for (const auto kind : balance::policy_kinds()) names.push_back("troupe:" + std::string(to_string(kind)));
  return names;
}

double share(const std::vector<int>& got, std::size_t which) {
  return got[which] / static_cast<double>(std::accumulate(got.begin(), got.end(), 0));
}

}  // namespace

TEST_SUITE("contenders") {
  TEST_CASE("every contender takes one of the candidates, whatever happens to its requests") {
    for (const auto& name : all_names()) {
      CAPTURE(name);
      bench it(6);
      known_truth truth;
      truth.busy.assign(6, 1);
      truth.speeds.assign(6, 1);
      truth.distances.assign(6, 1ms);
      it.of.oracle = &truth;
      it.enter(name);
      random_source random(seed);
      struct sent {
        server_index to;
        time_point at;
      };
      std::vector<sent> under_way;
      for (int i = 0; i < 4000; ++i) {
        it.now += 2ms;
        if (i % 10 == 0) it.who->tick(it.now);
        if (i == 2000) it.who->left(5, it.now), it.all.pop_back();
        const auto first = random.below(3);
        const std::vector<server_index> three{first, first + 1, static_cast<server_index>(it.all.size() - 1)};
        const auto among = i % 3 == 0 ? std::span<const server_index>(it.all) : std::span(three);
        if (const auto chosen = it.who->choose({0, std::nullopt, among}, it.now)) {
          CHECK(std::find(among.begin(), among.end(), *chosen) != among.end());
          under_way.push_back({*chosen, it.now});
        } else {
          CHECK(it.who->held_until() > it.now);
        }
        std::vector<server_index> probes;
        it.who->probe(it.now, probes);
        for (const auto each : probes) it.probed(each, random.below(9), 1ms * random.below(9));
        while (!under_way.empty() && random.below(5) > 0) {
          const auto done = under_way[random.below(static_cast<std::uint32_t>(under_way.size()))];
          std::erase_if(under_way, [&](const sent& each) { return each.at == done.at; });
          const auto how = static_cast<ending>(random.below(4));
          const auto load = load_of(random.below(9), 1ms * random.below(9));
          it.end(done.to, done.at, how, how == ending::timed_out ? nullptr : &load);
        }
      }
    }
  }

  TEST_CASE("a name that nobody has is answered with those there are") {
    const auto made = make_contender("best", {}, seed);
    REQUIRE(!made);
    CHECK(made.error().code == code::invalid_argument);
    CHECK(made.error().text.find("p2c_peak_ewma") != std::string::npos);
    contest of;
    of.servers = 1;
    CHECK(make_contender("hcl_q.99", of, seed));
    CHECK(!make_contender("hcl_q1.5", of, seed));
  }

  TEST_CASE("round robin takes turns, and least loaded and two choices take who has fewer in flight") {
    bench turns("round_robin", 3);
    std::vector<int> got(3);
    for (int i = 0; i < 9; ++i) ++got[turns.choose()];
    CHECK(got == std::vector<int>{3, 3, 3});
    for (const std::string name : {"least_loaded", "p2c_least"}) {
      CAPTURE(name);
      bench it(name, 2);
      std::vector<int> in_flight(2);
      for (int i = 0; i < 101; ++i) ++in_flight[it.choose()];
      CHECK(std::abs(in_flight[0] - in_flight[1]) == 1);
    }
    bench many("p2c_least", 10);
    std::vector<int> in_flight(10);
    for (int i = 0; i < 1000; ++i) ++in_flight[many.choose()];
    CHECK(*std::max_element(in_flight.begin(), in_flight.end()) <= 103);  // log log n above the mean
  }

  TEST_CASE("a peak EWMA jumps to a peak, glides down with its decay, and fades without news") {
    peak_ewma latency(.03);
    const time_point start{100s};
    latency.add(.5, start);
    CHECK(latency.at(start) == doctest::Approx(.5));
    latency.add(.1, start + 10s);
    CHECK(latency.at(start + 10s) == doctest::Approx(.5 * std::exp(-1.) + .1 * (1 - std::exp(-1.))));
    latency.add(.4, start + 10s);
    CHECK(latency.at(start + 10s) == doctest::Approx(.4));
    CHECK(latency.at(start + 20s) == doctest::Approx(.4 * std::exp(-1.)));
  }

  TEST_CASE(
      "with two choices the slower of two is avoided, and a fast failure attracts unless it is charged") {
    // Server 1 fails at once.
    const std::vector<duration> latencies{20ms, 1ms};
    bench tower("p2c_peak_ewma", 2), linkerd("p2c_peak_ewma_penalised", 2), brpc("brpc_p2c", 2),
        go("kratos", 2);
    CHECK(share(tower.serve(500, latencies, ending::failure), 1) > .95);
    CHECK(share(linkerd.serve(500, latencies, ending::failure), 1) < .02);
    CHECK(share(brpc.serve(500, latencies, ending::failure), 1) < .02);
    CHECK(share(go.serve(500, latencies, ending::failure), 1) < .02);
    for (const std::string name :
         {"p2c_peak_ewma", "p2c_peak_ewma_penalised", "brpc_p2c", "brpc_p2c4", "kratos"}) {
      CAPTURE(name);
      bench it(name, 2);
      CHECK(share(it.serve(500, {1ms, 50ms}), 1) < .05);
    }
  }

  TEST_CASE("Kratos takes by force whom it has not taken for three seconds") {
    bench it("kratos", 2);
    it.serve(50, {1ms, 500ms});
    const auto sent = it.now;
    CHECK(it.choose() == 0);
    it.end(0, sent);
    it.now += 3100ms;
    CHECK(it.serve(1, {1ms, 1ms})[1] == 1);
  }

  TEST_CASE("la leaves the slow server, and at once when what is in flight there grows old") {
    bench it("lalb", 3);
    it.serve(600, {5ms, 5ms, 5ms});
    it.serve(600, {5ms, 5ms, 50ms});  // the window of 128 answers has to fill
    CHECK(share(it.serve(600, {5ms, 5ms, 50ms}), 2) < .1);

    bench stuck("lalb", 2);
    stuck.serve(400, {5ms, 5ms});
    // Whatever goes to server 1 now is not answered.
    std::vector<int> got(2);
    for (int i = 0; i < 1000; ++i) {
      const auto sent = stuck.now;
      const auto chosen = stuck.choose();
      ++got[chosen];
      stuck.now += 5ms;
      if (chosen == 0) stuck.end(0, sent);
    }
    CHECK(got[1] < 120);  // the weight falls as the age grows, so this grows with the logarithm of time
  }

  TEST_CASE("gRPC's weight is requests per utilisation, less for errors, and counts after ten seconds") {
    CHECK(grpc_weight(100, .5, 0) == doctest::Approx(200));
    CHECK(grpc_weight(100, .5, .5) == doctest::Approx(100));
    CHECK(grpc_weight(100, 0, 0) == 0);
    CHECK(grpc_weight(0, .5, 0) == 0);

    bench it("weighted_round_robin", 2);
    const auto round = [&](duration lasts) {
      std::vector<int> got(2);
      for (const auto end = it.now + lasts; it.now < end;) {
        const auto chosen = it.choose();
        ++got[chosen];
        const auto sent = it.now;
        it.now += 10ms;
        // By Little's law server 1 does a third of what server 0 does with each worker.
        const auto load = load_of(2, chosen == 0 ? 10ms : 30ms, 4);
        it.end(chosen, sent, ending::success, &load);
      }
      return share(got, 1);
    };
    CHECK(round(9s) == doctest::Approx(.5).epsilon(.02));
    round(3s);
    CHECK(round(9s) == doctest::Approx(.25).epsilon(.05));
  }

  TEST_CASE(
      "C3's score is network plus the cube of the queue that all clients make, times the service time") {
    CHECK(c3_score({.queue = 2, .service = .004, .network = .001}, 0, 100) ==
          doctest::Approx(.001 + 27 * .004));
    CHECK(c3_score({.queue = 2, .service = .004, .network = .001}, 1, 100) ==
          doctest::Approx(.001 + 103. * 103 * 103 * .004));
    // Four times as fast bears a queue 4^(1/3) as long.
    bench it("c3_ranking", 2);
    for (const auto each : {0u, 1u})
      it.who->choose({0, std::nullopt, std::span(it.all).subspan(each, 1)}, it.now);
    const auto quick = load_of(3 + 1, 1ms), slow = load_of(2 + 1, 4ms);
    it.end(0, it.now - 1ms, ending::success, &quick);  // (1 + 3)^3 * 1 = 64
    it.end(1, it.now - 4ms, ending::success, &slow);   // (1 + 2)^3 * 4 = 108
    CHECK(it.choose() == 0);
  }

  TEST_CASE("C3's rate falls to a fifth, rises as a cubic, and holds requests back") {
    // Right after a cut from 10 the curve stands at four fifths, and it is back after cbrt(10 * .2 / 4e-6)
    // ms.
    CHECK(c3_cubic_rate(0ms, 10) == doctest::Approx(8));
    CHECK(c3_cubic_rate(from_seconds(std::cbrt(5e5) / 1000), 10) == doctest::Approx(10));
    CHECK(c3_cubic_rate(300ms, 10) > 50);

    bench it("c3", 1);
    for (int i = 0; i < 10; ++i) REQUIRE(it.try_choose());  // the bucket
    CHECK(!it.try_choose());
    CHECK(it.who->held_until() - it.now <= 2ms + 1us);  // a token in 20 ms / 10
    it.now = it.who->held_until();
    CHECK(it.try_choose());
    // One answer in the first window: the receiving rate is below the sending rate, which is cut to 2.
    it.now += 20ms;
    const auto load = load_of(1, 1ms);
    it.end(0, it.now - 1ms, ending::success, &load);
    it.now += 20ms;
    it.end(0, it.now - 1ms, ending::success, &load);
    while (it.try_choose()) {
    }
    CHECK(it.who->held_until() - it.now > 9ms);
  }

  TEST_CASE("HCL takes the least latency among the cold, and the least RIF when all are hot") {
    bench it(7, {.probes = 0, .removals = 0});
    for (const server_index each : {0u, 1u, 2u, 3u, 4u}) it.probed(each, 1, 10ms + 1ms * each);
    it.probed(5, 9, 1ms);  // hot, and the fastest
    CHECK(it.choose() == 0);

    bench hot(7, {.probes = 0, .removals = 0});
    for (int i = 0; i < 40; ++i) hot.probed(6, 0, 1ms);
    hot.who->left(6, hot.now);
    hot.all.pop_back();
    hot.probed(0, 7, 1ms);
    hot.probed(1, 5, 9ms);
    hot.probed(2, 9, 1ms);
    CHECK(hot.choose() == 1);
  }

  TEST_CASE("a probe is good for so many uses, for a second, and knows of the requests it has sent") {
    // Q 0: all but the lowest are hot, so the least RIF decides. The formula, by hand: n 100, m 16, 3 probes.
    CHECK(prequal_reuse(16, 100, 3, 1) == doctest::Approx(2 / (.84 * 3 - 1)));
    CHECK(prequal_reuse(16, 100, 30, 1) == 1);
    CHECK(prequal_reuse(16, 20, 3, 1) == 16);  // the probes cannot keep up
    bench it(4, {.probes = 0, .removals = 0, .hot_above = 0});
    it.probed(0, 1, 1ms);
    it.probed(1, 3, 1ms);
    it.probed(2, 30, 1ms);
    CHECK(it.choose() == 0);
    CHECK(it.choose() == 0);  // two more there than the probe said
    std::array<int, 4> got{};
    for (int i = 0; i < 10; ++i) ++got[it.choose()];
    CHECK(std::abs(got[0] - got[1]) <= 2);
    CHECK(got[2] + got[3] == 0);
    it.now += 1001ms;  // too old: at random
    got = {};
    for (int i = 0; i < 400; ++i) ++got[it.choose()];
    for (const int each : got) CHECK(each > 50);

    probe_pool pool(2);
    pool.add({.from = 0, .uses_left = 2});
    pool.use(0);
    REQUIRE(pool.size() == 1);
    CHECK(pool[0].rif == 1);
    pool.use(0);
    CHECK(pool.size() == 0);
    for (const server_index each : {3u, 4u, 4u, 5u}) pool.add({.from = each, .at = time_point{1s * each}});
    REQUIRE(pool.size() == 2);  // one of 4, and the oldest gave way
    CHECK(pool[0].from + pool[1].from == 9);
  }

  TEST_CASE(
      "HCL probes at its rate, each request other servers, and the request's own where it is restricted") {
    for (const double rate : {3., .5}) {
      bench it(20, {.probes = rate});
      std::vector<int> probed(20);
      int all = 0;
      for (int i = 0; i < 1000; ++i) {
        it.choose();
        for (const auto each : it.probes) ++probed[each], ++all;
        std::sort(it.probes.begin(), it.probes.end());
        CHECK(std::adjacent_find(it.probes.begin(), it.probes.end()) == it.probes.end());
      }
      CHECK(all == static_cast<int>(1000 * rate));
      CHECK(*std::min_element(probed.begin(), probed.end()) > all / 40);
    }
    bench it(20, {});
    const std::vector<server_index> three{2, 7, 19};
    it.who->choose({0, std::nullopt, three}, it.now);
    std::vector<server_index> probes;
    it.who->probe(it.now, probes);
    std::sort(probes.begin(), probes.end());
    CHECK(probes == three);
    for (const auto each : three) it.probed(each, 1, each == 7 ? 1ms : 9ms);
    it.probed(0, 0, 0ms);
    CHECK(it.who->choose({0, std::nullopt, three}, it.now) == 7);
  }

  TEST_CASE("five failures in a row eject for a second, then two, but never more than half of the servers") {
    bench it(4, {.probes = 0, .removals = 0, .upon_failure = prequal_options::failures::eject});
    const auto fail = [&](server_index which, int times) {
      for (int i = 0; i < times; ++i) it.end(which, it.now, ending::failure);
    };
    const auto taken = [&](server_index which) {
      int times = 0;
      for (int i = 0; i < 400; ++i) times += it.choose() == which ? 1 : 0;
      return times;
    };
    fail(0, 4);
    CHECK(taken(0) > 50);
    fail(0, 1);
    CHECK(taken(0) == 0);
    fail(1, 5), fail(2, 5);
    CHECK(taken(1) == 0);
    CHECK(taken(2) > 50);
    it.now += 1s;
    CHECK(taken(0) > 50);
    fail(0, 5);
    it.now += 1900ms;
    CHECK(taken(0) == 0);
    it.now += 100ms;
    CHECK(taken(0) > 50);
  }

  TEST_CASE("the linear rules weigh latency and RIF, and at their ends only one of them") {
    const auto first_of = [](double rif_share) {
      bench it(
          3, {.probes = 0, .removals = 0, .ranking = prequal_options::rule::linear, .rif_share = rif_share});
      it.probed(0, 8, 4ms);
      it.probed(1, 3, 6ms);
      it.probed(2, 2, 60ms);
      return it.choose();
    };
    CHECK(first_of(0) == 0);
    CHECK(first_of(.5) == 1);
    CHECK(first_of(1) == 2);
  }

  TEST_CASE("YARP follows what it was told at the last poll, every half second") {
    bench it("yarp_p2c", 2);
    it.choose();
    CHECK(it.probes.size() == 2);
    it.probed(0, 5, 1ms);
    it.probed(1, 6, 1ms);
    for (int i = 0; i < 50; ++i) CHECK(it.choose() == 0);
    it.now += 500ms;  // the first interval is a random part of it
    it.choose();
    CHECK(it.probes.size() == 2);
    it.now += 499ms;
    it.choose();
    CHECK(it.probes.empty());
    it.now += 1ms;
    it.choose();
    CHECK(it.probes.size() == 2);
  }

  TEST_CASE("the oracles see through: one the true load, the other who will be done first") {
    bench it(3);
    known_truth truth;
    truth.busy = {3, 7, 2};
    truth.speeds = {2, 4, 1};
    truth.distances = {1ms, 1ms, 1ms};
    it.of.oracle = &truth;
    it.enter("rif_oracle");
    CHECK(it.choose() == 2);
    it.enter("oracle");
    CHECK(it.choose() == 0);  // 5, 5 and 10 ms, and then the first in the draw of equals
    truth.distances[0] = 2ms;
    CHECK(it.choose() == 1);
    truth.speeds = {0, 0, .01};
    CHECK(it.choose() == 2);
  }
}
