// The balancing simulator: its queues against queueing theory, its promises (the same seed is the same run,
// every request ends exactly once), and its files.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <simulator/balance/tournament.hpp>
#include <simulator/balance/world.hpp>
#include <simulator/picture.hpp>
#include <simulator/scenario_files.hpp>
#include <string>

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::simulator;

namespace {

class at_random : public contender {
 public:
  explicit at_random(std::uint64_t seed) : random_(seed) {}
  std::optional<server_index> choose(const errand& what, time_point) override {
    return what.candidates[random_.below(static_cast<std::uint32_t>(what.candidates.size()))];
  }
  void ended(const verdict&, time_point) override {}

 private:
  random_source random_;
};

/// Holds every request back for a millisecond, and probes.
class hesitant : public at_random {
 public:
  using at_random::at_random;
  std::optional<server_index> choose(const errand& what, time_point now) override {
    if (now >= until_ && std::exchange(held_, false)) return at_random::choose(what, now);
    if (!std::exchange(held_, true)) until_ = now + 1ms;
    return std::nullopt;
  }
  time_point held_until() const override { return until_; }
  void probe(time_point, std::vector<server_index>& out) override { out.push_back(0); }

 private:
  bool held_ = false;
  time_point until_{};
};

template <class T>
entrant entry(const std::string& name) {
  return {name, {}, [](const contest&, std::uint64_t seed) { return std::make_unique<T>(seed); }};
}

scenario read_one(const std::string& text) {
  auto read = parse_scenario(text, "test.toml");
  REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
  REQUIRE(read->size() == 1);
  return read->front();
}

outcome play(const scenario& what, const entrant& who = entry<at_random>("at_random"),
             std::uint64_t seed = 1) {
  auto came = run(what, who, seed);
  REQUIRE_MESSAGE(came, (came ? "" : came.error().text));
  return std::move(*came);
}

std::string complaint(const std::string& text) {
  const auto read = parse_scenario(text, "test.toml");
  REQUIRE(!read);
  return read.error().text;
}

constexpr const char* one_server =
    "routers = 1\n[run]\nlasts = '400s'\nwarm_up = '10s'\ndeadline = '60s'\n[network]\nround_trip = '2us'\n";

/// Mean wait in an M/M/c queue, in mean services (Erlang's C formula).
double erlang_wait(int servers, double load) {
  const double offered = servers * load;
  double term = 1, sum = 1;
  for (int k = 1; k < servers; ++k) sum += term *= offered / k;
  const double busy = term * offered / servers / (1 - load);
  return busy / (sum + busy) / (servers * (1 - load));
}

// Everything at once that can go wrong.
constexpr const char* all_troubles = R"(
routers = 5
[run]
lasts = '12s'
warm_up = '1s'
deadline = '300ms'
attempts = 3
attempt_timeout = '100ms'
[servers]
count = 8
workers = 2
in_flight_max = 20
[work]
mean = '5ms'
[arrivals]
load = 0.8
methods = 3
keys = 50
hot_key = 0.2
[network]
zones = 2
across_zones = '1ms'
report_delay = '50ms'
incident = []
[[incident]]
kind = 'frozen'
servers = [0, 1]
from = '2s'
until = '4s'
[[incident]]
kind = 'down'
servers = [1, 2]
from = '3s'
until = '6s'
[[incident]]
kind = 'sinkhole'
servers = [3, 3]
from = '2s'
until = '5s'
[[incident]]
kind = 'fails_method'
servers = [4, 4]
method = 1
from = '2s'
[[incident]]
kind = 'outlier'
servers = [5, 5]
from = '2s'
takes = '1s'
[[incident]]
kind = 'appears'
servers = [6, 6]
from = '3s'
until = '5s'
speed = 0.2
[[incident]]
kind = 'restart'
servers = [4, 5]
from = '6s'
every = '2s'
drain = '300ms'
gone = '500ms'
speed = 0.5
cold = '500ms'
[[incident]]
kind = 'slow'
servers = [7, 7]
from = '1s'
until = '9s'
speed = 0.3
)";

std::string troubles(const std::string& discipline) {
  std::string text = all_troubles;
  text.erase(text.find("incident = []\n"), 14);
  text.replace(text.find("workers = 2"), 11, "workers = 2\ndiscipline = '" + discipline + "'");
  return text;
}

}  // namespace

TEST_CASE("a single server with one worker waits as M/M/1 does") {
  for (const double load : {.5, .8}) {
    CAPTURE(load);
    const auto what =
        read_one(std::string(one_server) + "[servers]\ncount = 1\nworkers = 1\n[work]\nmean = '1ms'\n" +
                 "[arrivals]\nload = " + std::to_string(load));
    CHECK(play(what).figures["mean_ms"] == doctest::Approx(1 / (1 - load)).epsilon(.03));
  }
}

TEST_CASE("a server with four workers waits as Erlang's formula says") {
  const auto what =
      read_one(std::string(one_server) +
               "[servers]\ncount = 1\nworkers = 4\n[work]\nmean = '4ms'\n[arrivals]\nload = 0.8");
  CHECK(play(what).figures["mean_ms"] == doctest::Approx(4 * (1 + erlang_wait(4, .8))).epsilon(.03));
}

TEST_CASE("random choice over many servers is as many queues of their own") {
  const auto what =
      read_one(std::string(one_server) +
               "[servers]\ncount = 5\nworkers = 1\n[work]\nmean = '2ms'\n[arrivals]\nload = 0.6");
  CHECK(play(what).figures["mean_ms"] == doctest::Approx(2 / (1 - .6)).epsilon(.03));
}

TEST_CASE("processor sharing takes the same mean time whatever the distribution of work is") {
  for (const char* shape :
       {"shape = 'exponential'", "shape = 'constant'", "shape = 'lognormal'\ndeviation = 2"}) {
    CAPTURE(shape);
    const auto what = read_one(std::string(one_server) +
                               "[servers]\ncount = 1\nworkers = 1\ndiscipline = 'processor_sharing'\n" +
                               "[arrivals]\nload = 0.7\n[work]\nmean = '1ms'\n" + shape);
    CHECK(play(what).figures["mean_ms"] == doctest::Approx(1 / (1 - .7)).epsilon(.05));
  }
}

TEST_CASE("a speed that changes in the middle of a shared request changes the rest of it alone") {
  const auto what = read_one(R"(
routers = 1
[run]
lasts = '3s'
warm_up = '0s'
[servers]
count = 1
workers = 10
discipline = 'processor_sharing'
[work]
shape = 'constant'
mean = '1s'
[arrivals]
rate = 2
[network]
round_trip = '2us'
[[incident]]
kind = 'slow'
servers = [0, 0]
from = '0s'
until = '100s'
speed = 0.5
)");
  CHECK(play(what).figures["mean_ms"] == doctest::Approx(2000).epsilon(.001));
}

TEST_CASE("the same seed is the same run, and another seed another one") {
  const auto what = read_one(troubles("fifo"));
  for (const auto& who : {entry<at_random>("at_random"), entrant{"troupe"}}) {
    CHECK(play(what, who, 3) == play(what, who, 3));
    CHECK(!(play(what, who, 3) == play(what, who, 4)));
  }
}

TEST_CASE("every request ends exactly once, whatever goes wrong, and everybody meets the same requests") {
  for (const char* discipline : {"fifo", "processor_sharing"}) {
    const auto what = read_one(troubles(discipline));
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(discipline);
      CAPTURE(seed);
      const double requests = play(what, entry<at_random>("at_random"), seed).figures["requests"];
      for (const auto& who :
           {entry<at_random>("at_random"), entry<hesitant>("hesitant"), entrant{"troupe"}}) {
        CAPTURE(who.name);
        auto came = play(what, who, seed);
        CHECK(came.figures["requests"] == requests);
        CHECK(std::abs(came.figures["ended"] - requests) <= 1);  // one at the very edge of the warm-up
        CHECK(came.figures["attempts_per_request"] <= 3.01);
      }
    }
  }
}

TEST_CASE("unsafe calls of the router are never executed twice") {
  auto what = read_one(troubles("fifo"));
  what.calls = calls::unsafe;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    CHECK(play(what, {"troupe"}, seed).figures["repeats"] == 0);
  }
}

TEST_CASE("where news is old, requests that bounce cut the tail, within the allowance of probes") {
  const auto what = read_one(R"(
routers = 60
[run]
lasts = '12s'
[servers]
count = 20
workers = 4
[speed]
draw = [{ low = 1, chance = 1 }, { low = 3, chance = 1 }]
every = '50ms'
[work]
mean = '4ms'
[arrivals]
load = 0.7
capacity = 'mean'
)");
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    CAPTURE(seed);
    auto bouncing = play(what, {"dynamic_score"}, seed);
    auto patient = play(what, {"dynamic_score", {{"bounce_cost", 36000}}}, seed);
    CHECK(bouncing.figures["p99_ms"] < .9 * patient.figures["p99_ms"]);
    CHECK(bouncing.figures["asked_per_request"] <= .505);
    CHECK(bouncing.figures["asked_per_request"] > bouncing.figures["probes_per_request"] + .02);
    CHECK(patient.figures["asked_per_request"] == patient.figures["probes_per_request"]);
    CHECK(bouncing.figures["attempts_per_request"] == doctest::Approx(1).epsilon(.001));
    CHECK(play(what, {"troupe"}, seed).figures["p99_ms"] < .9 * patient.figures["p99_ms"]);
  }
}

TEST_CASE("a sinkhole costs random choice its share of the requests, and no latency") {
  const auto what = read_one(R"(
routers = 2
[servers]
count = 10
workers = 4
[arrivals]
load = 0.5
[run]
lasts = '60s'
[[incident]]
kind = 'sinkhole'
servers = [0, 0]
)");
  auto came = play(what);
  CHECK(came.figures["errors_percent"] == doctest::Approx(10).epsilon(.05));
  CHECK(came.figures["share_percent"] == doctest::Approx(10).epsilon(.05));
  CHECK(came.figures["p50_ms"] > 5);
}

TEST_CASE("a wrong scenario is answered with file, line, key and bound") {
  CHECK(complaint("[servers]\ncount = 0") ==
        "test.toml, line 2: servers.count is a whole number from 1 to 10000");
  CHECK(complaint("[work]\nmean = 4").starts_with("test.toml, line 2: work.mean is a time such as \"40ms\""));
  CHECK(complaint("[work]\nshape = 'flat'").find("one of exponential, truncated_normal") !=
        std::string::npos);
  CHECK(complaint("sevrers = 3").find("sevrers means nothing; there are title, ") != std::string::npos);
  CHECK(complaint("[[incident]]\nfrom = '1s'").find("has no kind") != std::string::npos);
  CHECK(complaint("[[incident]]\nkind = 'slow'\nservers = [3, 10]").find("incident.servers") !=
        std::string::npos);
  CHECK(complaint("figures = ['p99_ms@then']").find("no window 'then'") != std::string::npos);
  CHECK(complaint("[grid]\nrouters = 4").find("grid.routers is a list") != std::string::npos);
  CHECK(complaint("routers = = 4").starts_with("test.toml, line 1: "));
  CHECK(complaint("[run]\nlasts = '5s'\nwarm_up = '5s'").find("run.warm_up must be less") !=
        std::string::npos);
}

TEST_CASE("cells and grids override the file's keys, in all combinations") {
  const auto read = parse_scenario(R"(
routers = 3
[arrivals]
load = 0.5
[[cell]]
name = 'small'
servers = { count = 2 }
[[cell]]
name = 'large'
[grid]
arrivals.load = [0.6, 0.7]
)",
                                   "x/test.toml");
  REQUIRE(read);
  REQUIRE(read->size() == 4);
  CHECK((*read)[0].cell == "small, load 0.6");
  CHECK((*read)[1].servers.count == 2);
  CHECK((*read)[3].cell == "large, load 0.7");
  CHECK((*read)[3].arrivals.load == .7);
  CHECK((*read)[3].file == "test");
  CHECK((*read)[3].servers.count == 10);
}

TEST_CASE("every scenario in the tree can be read, and only names figures that there are") {
  const auto files = find_scenarios("balance", "");
  REQUIRE(files);
  CHECK(files->size() >= 18);
  for (const auto& file : *files) {
    CAPTURE(file.string());
    auto cells = read_scenario(file);
    REQUIRE_MESSAGE(cells, (cells ? "" : cells.error().text));
    scenario brief = cells->front();
    brief.routers = std::min(brief.routers, 10u);
    brief.arrivals.steps.clear();
    brief.arrivals.shares.clear();
    brief.arrivals.rate = 20;
    brief.warm_up = brief.lasts / 10;
    const auto came = play(brief);
    for (const auto& each : brief.figures) CHECK_MESSAGE(came.figures.contains(each), each);
    for (const auto& each : brief.aims) CHECK_MESSAGE(came.figures.contains(each.figure), each.figure);
  }
  CHECK(!find_scenarios("balance", "nonsense"));
}

TEST_CASE("aims are judged against another policy, the best published one, and another cell") {
  cell_result calm{{.cell = "calm"}, {}}, busy{{.cell = "busy"}, {}};
  calm.standings = {{.contender = "dynamic_score", .figures = {{"p99_ms", 100.}}},
                    {.contender = "c3", .figures = {{"p99_ms", 120.}}},
                    {.contender = "oracle", .figures = {{"p99_ms", 50.}}}};
  busy.standings = {{.contender = "dynamic_score", .figures = {{"p99_ms", 106.}}}};
  const std::vector<const cell_result*> file{&calm, &busy};
  using state = enum verdict_on_aim::state;
  const auto verdict = [&](const cell_result& cell, const aim& wanted) {
    return judge(file, cell, wanted).state;
  };
  CHECK(verdict(calm, {.figure = "p99_ms", .factor = .85, .times = "best_published"}) == state::met);
  CHECK(verdict(calm, {.figure = "p99_ms", .factor = .8, .times = "best_published"}) == state::missed);
  CHECK(verdict(calm, {.figure = "p99_ms", .factor = 1.5, .times = "oracle"}) == state::missed);
  CHECK(verdict(calm, {.figure = "p99_ms", .factor = 1, .times = "nobody"}) == state::unknown);
  CHECK(verdict(busy, {.figure = "p99_ms", .factor = 1.05, .times = "dynamic_score", .cell = "calm"}) ==
        state::missed);
  CHECK(verdict(busy, {.figure = "p99_ms", .factor = 100, .is = aim::side::at_least}) == state::met);
}

TEST_CASE("a picture has a curve and a legend for each of its series") {
  const auto drawn = draw(
      {.title = "a < b", .y = scale::logarithmic, .curves = {{"one", {{1, 10}, {2, 1000}}}, {"two", {}}}});
  CHECK(drawn.starts_with("<svg"));
  CHECK(drawn.find("a &lt; b") != std::string::npos);
  CHECK(drawn.find(">one<") != std::string::npos);
  CHECK(drawn.find("nan") == std::string::npos);
  CHECK(draw({}).find("nan") == std::string::npos);
}

// --- The servers' own code -----------------------------------------------------------------------------

TEST_CASE("a server refuses what is over its limit, nine tenths of it for normal requests, and not more") {
  auto what = read_one(R"(
routers = 1
[run]
lasts = '20s'
warm_up = '2s'
deadline = '1s'
[servers]
count = 1
workers = 1
in_flight_max = 20
concurrency = 'fixed'
[work]
shape = 'constant'
mean = '10ms'
[arrivals]
load = 2
[network]
round_trip = '2us'
)");
  auto came = play(what);
  CHECK(came.figures["errors_percent"] == doctest::Approx(50).epsilon(.05));
  CHECK(came.figures["taken_per_request"] == doctest::Approx(.5).epsilon(.05));
  CHECK(came.figures["attempts_per_request"] == doctest::Approx(1));
  CHECK(came.figures["p99_ms"] == doctest::Approx(180).epsilon(.01));  // behind 17 others
  what.arrivals.critical = .3;
  what.arrivals.sheddable = .2;
  came = play(what);
  CHECK(came.figures["critical_errors_percent"] < 5);
  CHECK(came.figures["normal_errors_percent"] > 50);
  CHECK(came.figures["sheddable_errors_percent"] > 99);
  what.servers.in_flight_max = 1'000'000;
  came = play(what);
  CHECK(came.figures["errors_percent"] == doctest::Approx(50).epsilon(.05));
  CHECK(came.figures["p99_ms"] < 700);  // no limit: who would wait in vain gives way
}

TEST_CASE("a server that is overloaded finds its limit by itself, and what it takes is answered in time") {
  const auto what = read_one(R"(
routers = 4
[run]
lasts = '60s'
warm_up = '10s'
deadline = '5s'
[servers]
count = 1
workers = 4
[work]
mean = '4ms'
[arrivals]
load = 1.5
)");
  auto came = play(what);
  CHECK(came.figures["errors_percent"] == doctest::Approx(100. / 3).epsilon(.1));
  CHECK(came.figures["goodput"] > 950);
  CHECK(came.figures["p99_ms"] < 200);
}

TEST_CASE("what arrives at a frozen server is read, and let in or not, when it thaws") {
  const auto what = read_one(R"(
routers = 1
[run]
lasts = '10s'
warm_up = '0s'
deadline = '5s'
[servers]
count = 1
workers = 1
in_flight_max = 100
concurrency = 'fixed'
[work]
shape = 'constant'
mean = '1ms'
[arrivals]
rate = 200
[[incident]]
kind = 'frozen'
servers = [0, 0]
from = '4s'
until = '6s'
)");
  auto came = play(what);
  // Some 400 wait at the thaw, of which 90 have room.
  CHECK(came.figures["lost"] == doctest::Approx(310).epsilon(.2));
  CHECK(came.figures["p99_ms"] < 2200);
}
