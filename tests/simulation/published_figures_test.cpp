// What was published of the contenders, in the simulator: order, and ratios within a factor, as machines and
// antagonists are others. The figures themselves are in the scenarios' files.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "simulator/balance/world.hpp"
#include "simulator/scenario_files.hpp"

namespace {

using namespace troupe;
using namespace troupe::simulator;

// Runs of which a published figure is the median; without optimisation they are ten times as slow, with
// sanitizers, too.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr std::size_t seeds = 1;
#else
constexpr std::size_t seeds = 3;
#endif

/// Figures of contenders in the cells of a scenario's file, over the seeds, from runs of at most `lasts`.
class published {
 public:
  published(const std::string& name, duration lasts) {
    const auto files = find_scenarios("balance", name);
    REQUIRE(files);
    auto read = read_scenario(files->front());
    REQUIRE(read);
    cells = std::move(*read);
    for (auto& each : cells) {
      each.contenders.clear();
      each.lasts = std::min(each.lasts, lasts);
    }
  }

  /// The median; a run is made once.
  double operator()(std::size_t cell, const std::string& who, const std::string& figure = "p99_ms") {
    auto& runs = runs_[{cell, who}];
    for (std::uint64_t each = runs.size() + 1; each <= seeds; ++each) {
      auto came_to = run(cells[cell], {.name = who}, each);
      REQUIRE(came_to);
      runs.push_back(std::move(*came_to));
    }
    std::array<double, seeds> values{};
    for (std::size_t i = 0; i < seeds; ++i) values[i] = runs[i].figures.at(figure);
    std::sort(values.begin(), values.end());
    return values[seeds / 2];
  }

  std::vector<scenario> cells;

 private:
  std::map<std::pair<std::size_t, std::string>, std::vector<outcome>> runs_;
};

}  // namespace

TEST_SUITE("contenders") {
  TEST_CASE(
      "Prequal's figure 7: Prequal, C3, weighted round robin, least loaded, round robin, in this order") {
    published p99("figure_7", 25s);
    REQUIRE(p99.cells.size() == 2);
    for (const std::size_t cell : {0u, 1u}) {
      CAPTURE(p99.cells[cell].cell);
      CHECK(p99(cell, "hcl") < p99(cell, "c3_probing"));
      CHECK(p99(cell, "hcl") < p99(cell, "linear_mix"));  // section 5.3
      CHECK(p99(cell, "c3_probing") < 2 * p99(cell, "hcl"));
      CHECK(p99(cell, "c3_probing") < p99(cell, "weighted_round_robin"));
      CHECK(p99(cell, "hcl") < p99(cell, "yarp_p2c"));
      CHECK(p99(cell, "least_loaded") > 4 * p99(cell, "hcl"));
      CHECK(p99(cell, "least_loaded") < p99(cell, "round_robin"));
    }
    // Its weights count after 10 s and follow seconds behind: what that comes to shows in whole runs only,
    // and in their median: one of five starts so badly that it falls over at the first load already.
    if (seeds == 1) return;
    published in_full("figure_7", 60s);
    CHECK(in_full(0, "weighted_round_robin") < p99(0, "least_loaded"));
    CHECK(in_full(1, "weighted_round_robin") >
          2 * in_full(0, "weighted_round_robin"));  // it falls over between the two
  }

  TEST_CASE(
      "figure 9: half of the servers slow: RIF alone loses, latency alone too, HCL is best in between") {
    published p99("figure_9", 22s);
    const double best = std::min(p99(0, "hcl"), p99(0, "hcl_q.99"));  // 142 ms at .99
    CHECK(p99(0, "rif_only") > 1.1 * best);                           // 162 ms
    CHECK(p99(0, "latency_only") > 1.05 * best);                      // a fifth more
  }

  TEST_CASE(
      "prequal-rs's grid: two choices by requests, by peak EWMA, HCL by reports, HCL with half a probe") {
    published p99("prequal_grid", 25s);
    REQUIRE(p99.cells.size() == 3);
    for (const std::size_t cell : {0u, 1u, 2u}) {
      CAPTURE(p99.cells[cell].cell);
      const double best = p99(cell, "hcl_half");
      CHECK(p99(cell, "p2c_least") > 1.4 * p99(cell, "p2c_peak_ewma"));  // 2.0, 2.3, 2.1
      CHECK(p99(cell, "p2c_least") > 2 * best);                          // 2.9, 3.8, 4.1
      CHECK(p99(cell, "p2c_peak_ewma") > 1.1 * best);                    // 1.4, 1.6, 1.9
      CHECK(p99(cell, "p2c_peak_ewma") < 3 * best);
      CHECK(p99(cell, "hcl_piggyback") > 1.05 * best);  // 1.3, 1.4, 1.2
      // .92, .84, .61; here 1.0 to 1.1 in the median, and up to 1.21 with a single seed.
      CHECK(p99(cell, "hcl_piggyback") < (seeds == 1 ? 1.3 : 1.2) * p99(cell, "p2c_peak_ewma"));
    }
  }

  TEST_CASE("the sinkhole takes a fifth of peak EWMA's requests, and a few percent of HCL's with ejection") {
    published errors("sinkhole", 30s);
    CHECK(errors(0, "p2c_peak_ewma", "errors_percent") == doctest::Approx(19.5).epsilon(.2));
    CHECK(errors(0, "prequal_rs", "errors_percent") == doctest::Approx(2.9).epsilon(.4));
    CHECK(errors(0, "p2c_peak_ewma_penalised", "errors_percent") < 1);
    CHECK(errors(0, "hcl", "errors_percent") > 30);
  }

  TEST_CASE("C3's grid: C3 is ahead of least loaded in every cell, and the more the longer speeds last") {
    published p99("c3_grid", 2s);
    std::vector<double> gains;
    for (std::size_t cell = 0; cell < p99.cells.size(); ++cell) {
      if (p99.cells[cell].routers != 150) continue;
      CAPTURE(p99.cells[cell].cell);
      CHECK(p99(cell, "c3") < p99(cell, "least_loaded"));
      CHECK(p99(cell, "c3", "p999_ms") < p99(cell, "least_loaded", "p999_ms"));
      gains.push_back(p99(cell, "least_loaded") / p99(cell, "c3"));
    }
    REQUIRE(gains.size() == 5);
    CHECK(gains.back() > 1.4 * gains.front());
    CHECK(gains.back() > 1.8);
  }

  TEST_CASE("brpc's four servers: la and p2c leave one slow server, two need la or four choices") {
    published p99("brpc_four", 8s);
    REQUIRE(p99.cells.size() == 3);
    const double healthy = p99(0, "round_robin");
    for (const std::string who : {"lalb", "brpc_p2c", "brpc_p2c4"}) {
      CAPTURE(who);
      CHECK(p99(1, who) < 1.2 * healthy);
      CHECK((p99(2, who) < 1.2 * healthy) == (who != "brpc_p2c"));
    }
    CHECK(p99(1, "round_robin") > 15 * healthy);  // 20 times
    CHECK(p99(2, "brpc_p2c") > 15 * healthy);     // 25 times: both choices are slow every sixth time
  }

  TEST_CASE("tower's ten endpoints: round robin, least loaded, peak EWMA, in this order") {
    published p999("tower", 15s);
    CHECK(p999(0, "round_robin", "p999_ms") > p999(0, "p2c_least", "p999_ms"));
    CHECK(p999(0, "p2c_least", "p999_ms") > p999(0, "p2c_peak_ewma", "p999_ms"));
  }
}
