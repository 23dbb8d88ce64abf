// The membership simulator's scenarios: one seed is one run, what was written down is the same again, a
// failure shrinks, and files, tables and pictures are what they say.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <simulator/membership/random_faults.hpp>
#include <simulator/membership/trial.hpp>
#include <simulator/scenario_files.hpp>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::simulator;

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
