// Whole clusters of membership cores in virtual time, and the simulator that they run in: what the cores do
// together, that each rule catches who breaks it, that one seed is one run, and that a failure shrinks.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <simulator/membership/cluster.hpp>
#include <simulator/membership/random_faults.hpp>
#include <simulator/membership/trial.hpp>
#include <simulator/scenario_files.hpp>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

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

// --- What the cores do together --------------------------------------------------------------------------

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

// --- One seed, one run -----------------------------------------------------------------------------------

TEST_CASE("the same seed gives the same run, packet by packet") {
  const auto ours = *find_mode("ours");
  for (std::uint64_t seed = 31; seed < 36; ++seed) {
    const auto what = draw_schedule(seed);
    const auto once = play(what, ours, seed);
    const auto again = play(what, ours, seed);
    CHECK(once.trace == again.trace);
    CHECK(once.figures == again.figures);
    CHECK(once.trace != play(what, ours, seed + 1000).trace);
  }
}

TEST_CASE("a schedule that was written down is the same schedule") {
  const auto ours = *find_mode("ours");
  for (std::uint64_t seed = 50; seed < 60; ++seed) {
    const auto what = draw_schedule(seed);
    const auto read = parse_cluster_scenario(text_of(what), "again.toml");
    REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
    REQUIRE(read->size() == 1);
    CHECK(read->front().seed == seed);
    CHECK(read->front().faults == what.faults);
    CHECK(play(read->front(), ours, seed).trace == play(what, ours, seed).trace);
  }
}

// --- The rules catch who breaks them ---------------------------------------------------------------------

namespace {

/// Two nodes that exist, and what the first one may say of the second.
struct hearing {
  hearing() : judge(16) {
    for (std::uint64_t node = 0; node < 3; ++node)
      judge.started(static_cast<std::uint32_t>(node), record(node, 1), at);
  }

  static membership::known_node record(std::uint64_t node, std::uint64_t epoch) {
    membership::known_node made;
    made.self = {node_id{node + 1}, {epoch}};
    made.who = membership::make_attributes("node-" + std::to_string(node), *parse_endpoint("10.0.0.1:7000"));
    made.incarnation = 3;
    made.mode = membership::mode::ready;
    return made;
  }
  static membership::event event(event_kind kind, state as, std::uint64_t incarnation = 3,
                                 std::uint64_t epoch = 1) {
    const auto real = record(1, epoch);
    membership::event made{kind, {}};
    made.subject.self = real.self;
    made.subject.name = real.who->name;
    made.subject.address = real.who->address;
    made.subject.incarnation = incarnation;
    made.subject.mode = real.mode;
    made.subject.state = as;
    return made;
  }
  void hear(const membership::event& what, witness::arrival how = witness::arrival::first) {
    judge.observe(0, what, how, why, at);
    at += 1s;
  }
  int rule() const { return judge.broken() ? judge.broken()->invariant : 0; }

  time_point at{1h};
  witness judge;
  circumstances why{never, true, 0s};
};

}  // namespace

TEST_CASE("each rule is broken by what breaks it, and by nothing else") {
  using e = event_kind;
  SUBCASE("a whole life breaks none") {
    hearing of;
    of.hear(hearing::event(e::joined, state::alive));
    of.hear(hearing::event(e::suspected, state::suspect));
    of.judge.stopped(1, witness::ending::crashed, of.at);
    of.hear(hearing::event(e::died, state::dead));
    of.judge.expect_known(1, 10s, of.at);
    of.hear(hearing::event(e::forgotten, state::dead));
    CHECK(of.rule() == 0);
  }
  SUBCASE("1: an incarnation that its owner never had") {
    hearing of;
    of.hear(hearing::event(e::joined, state::alive, 4));
    CHECK(of.rule() == 1);
  }
  SUBCASE("2: dead, and alive again at the same incarnation") {
    hearing of;
    of.hear(hearing::event(e::joined, state::alive));
    of.hear(hearing::event(e::died, state::dead));
    of.hear(hearing::event(e::refuted, state::alive));
    CHECK(of.rule() == 2);
  }
  SUBCASE("2: an earlier life comes back, after it had been forgotten") {
    hearing of;
    of.judge.stopped(1, witness::ending::crashed, of.at);
    of.judge.started(1, hearing::record(1, 2), of.at);
    of.hear(hearing::event(e::joined, state::alive, 3, 2));
    of.judge.stopped(1, witness::ending::left, of.at);
    of.hear(hearing::event(e::left, state::left, 3, 2));
    of.hear(hearing::event(e::forgotten, state::left, 3, 2));
    of.hear(hearing::event(e::joined, state::alive, 3, 1));
    CHECK(of.rule() == 2);
  }
  SUBCASE("3: other attributes at the same incarnation") {
    hearing of;
    auto wrong = hearing::event(e::joined, state::alive);
    wrong.subject.mode = membership::mode::draining;
    of.hear(wrong);
    CHECK(of.rule() == 3);
  }
  SUBCASE("4: a death without a fault") {
    hearing of;
    of.why = {};
    of.hear(hearing::event(e::joined, state::alive));
    of.hear(hearing::event(e::died, state::dead));
    CHECK(of.rule() == 4);
  }
  SUBCASE("5 and 6: somebody who is gone is held alive") {
    for (const int rule : {5, 6}) {
      hearing of;
      of.hear(hearing::event(e::joined, state::alive));
      of.judge.stopped(1, witness::ending::crashed, of.at);
      rule == 5 ? of.judge.expect_agreement(10s, of.at) : of.judge.expect_known(1, 10s, of.at);
      CHECK(of.rule() == rule);
    }
  }
  SUBCASE("9: a change that was no change, and one that nothing announced") {
    hearing of;
    of.hear(hearing::event(e::joined, state::alive));
    of.hear(hearing::event(e::joined, state::alive));
    CHECK(of.rule() == 9);
    hearing other;
    other.hear(hearing::event(e::suspected, state::suspect));
    CHECK(other.rule() == 9);
  }
  SUBCASE("10: a replay with an effect") {
    hearing of;
    of.hear(hearing::event(e::joined, state::alive));
    of.hear(hearing::event(e::suspected, state::suspect), witness::arrival::replay);
    CHECK(of.rule() == 10);
  }
}

TEST_CASE("a forger on the wire is caught by the rules") {
  const auto caught = [](const std::function<void(membership::packet&)>& forger) {
    cluster net(calm_options(1));
    net.start_together(8);
    net.run(2s);
    net.set_forger(forger);
    net.crash(3);
    net.publish(5, 2);
    net.run(60s);
    return net.seen_by_all().broken() ? net.seen_by_all().broken()->invariant : 0;
  };
  CHECK(caught([](membership::packet&) {}) == 0);
  CHECK(caught([](membership::packet& what) {
          for (auto& fact : what.updates)
            if (fact.state == state::suspect) fact.incarnation += 7;
        }) == 1);
  CHECK(caught([](membership::packet& what) {
          for (auto& fact : what.updates)
            if (fact.document) {
              auto other = *fact.document;
              other.zone = "elsewhere";
              fact.document = std::make_shared<const membership::registration>(std::move(other));
            }
        }) == 3);
  CHECK(caught([](membership::packet& what) {
          while (!what.updates.empty() && what.updates.size() < 30)
            what.updates.push_back(what.updates.front());
        }) == 7);
}

TEST_CASE("rule 5 and rule 9 are checked on whole clusters: one that cannot heal, one that is silent") {
  const auto read = parse_cluster_scenario(R"(
    nodes = 8
    lasts = "100s"
    settle = "30s"
    settings = { healing = 0, digests = 0, exchange_period = 3600 }
    fault = [{ kind = "cut", nodes = [0, 1, 2, 3], at = "1s", lasts = "90s" }]
  )",
                                           "test.toml");
  REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
  const auto came = play(read->front(), *find_mode("ours"), 1);
  REQUIRE(came.broken);
  CHECK(came.broken->invariant == 5);

  cluster net(calm_options(1));
  net.start_together(4);
  net.run(1s);
  witness other(16);
  for (std::uint32_t node = 0; node < 4; ++node) other.started(node, net.brain(node).self(), net.now());
  other.compare(0, net.brain(0), net.now());
  REQUIRE(other.broken());
  CHECK(other.broken()->invariant == 9);
}

TEST_CASE("what fails shrinks to what makes it fail") {
  auto what = draw_schedule(3);
  while (what.faults.size() < 20) what.faults.push_back(what.faults[what.faults.size() % 3]);
  what.nodes = 40;
  for (auto& each : what.faults) each.kind = fault_kind::publish;
  what.faults[11].kind = fault_kind::crash;
  what.faults[11].nodes = {7};
  what.faults[17].kind = fault_kind::pause;
  what.faults[17].nodes = {2};
  int runs = 0;
  const auto small = shrink(what, [&](const cluster_scenario& tried) {
    ++runs;
    bool crash = false, pause = false;
    for (const auto& each : tried.faults) {
      crash |= each.kind == fault_kind::crash && each.nodes == std::vector<std::uint32_t>{7};
      pause |= each.kind == fault_kind::pause;
    }
    return crash && pause && tried.nodes >= 8;
  });
  CHECK(small.faults.size() == 2);
  CHECK(small.nodes == 8);
  CHECK(small.weather.loss == 0);
  CHECK(runs <= 300);
}

// --- Scenario files --------------------------------------------------------------------------------------

TEST_CASE("every scenario of the table is read, and its figures are there when it is run") {
  const auto files = find_scenarios("membership", "");
  REQUIRE(files);
  CHECK(files->size() >= 15);
  for (const auto& file : *files) {
    CAPTURE(file.string());
    const auto cells = read_cluster_scenario(file);
    REQUIRE_MESSAGE(cells, (cells ? "" : cells.error().text));
    auto brief = cells->front();
    if (!brief.shown_by.empty()) continue;
    // The shape of the thing, not its size.
    brief.nodes = std::min(brief.nodes, 40u);
    brief.lasts = std::min<duration>(brief.lasts, 60s);
    for (auto& each : brief.faults) {
      std::erase_if(each.nodes, [](std::uint32_t node) { return node >= 40; });
      if (each.nodes.empty() && each.kind == fault_kind::loss) each.nodes = {5};
      each.lasts = std::min<duration>(each.lasts, 45s);
      if (each.until > duration{0}) each.until = std::min<duration>(each.until, 50s);
    }
    auto came = play(brief, *find_mode("ours"), 1);
    add_quantiles(came.samples, came.figures);
    for (const auto& figure : brief.figures)
      if (!figure.starts_with("sum of")) CHECK_MESSAGE(came.figures.contains(figure), figure);
  }
}

TEST_CASE("a scenario file that is wrong is told so, with its line") {
  const auto complaint = [](const std::string& text) {
    const auto read = parse_cluster_scenario(text, "mine.toml");
    return read ? std::string() : read.error().text;
  };
  CHECK(complaint("nodes = 0").find("mine.toml, line 1: nodes is a whole number from 1 to") !=
        std::string::npos);
  CHECK(complaint("nodes = 5\nmodes = [\"theirs\"]").find("no mode 'theirs'") != std::string::npos);
  CHECK(complaint("[[fault]]\nat = \"1s\"").find("has no kind") != std::string::npos);
  CHECK(complaint("[settings]\nsuspicion_alpha = 99").find("suspicion_alpha") != std::string::npos);
  CHECK(complaint("speed = 1").find("speed means nothing") != std::string::npos);
}

TEST_CASE("the table has figures, published ones, ratios and aims; JSON and pictures have the same runs") {
  auto cells = parse_cluster_scenario(R"(
    title = "a crash"
    modes = ["ours", "memberlist"]
    figures = ["gone_all_s_p50"]
    nodes = 12
    lasts = "40s"
    fault = [{ kind = "crash", at = "5s" }]
    published = [{ figure = "gone_all_s_p50", value = 10, source = "somebody" }]
    aim = [{ figure = "gone_all_s_p50", at_most = 30 }, { figure = "gone_all_s_p50", at_most = 0.1 }]
  )",
                                      "small.toml");
  REQUIRE_MESSAGE(cells, (cells ? "" : cells.error().text));
  const trial_options how{.seeds = {1, 2}};
  const auto results = hold_trials(std::move(*cells), how);
  const auto text = table(results);
  CAPTURE(text);
  for (const char* part :
       {"memberlist", "published", "ours/published", "  met: ours", "  missed: ours", "crash 2", "somebody"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  CHECK(json(results, how).find("\"by_seed\"") != std::string::npos);
  const auto folder =
      std::filesystem::temp_directory_path() / ("troupe_pictures_" + std::to_string(::getpid()));
  const auto written = write_pictures(results, folder);
  CHECK(written);
  CHECK(std::filesystem::exists(folder / "small_convergence.svg"));
  std::filesystem::remove_all(folder);
}
