// Scenarios times modes times seeds: medians, quantiles, the table with its aims, JSON, pictures; and many
// schedules of random faults in a row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "play.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

struct trial_options {
  std::vector<std::string> modes;  // only these; empty: those that the scenario names
  std::vector<std::uint64_t> seeds{1, 2, 3};
  std::map<std::string, double> settings;  // over the scenario's, for `ours`
  unsigned threads = 2;
};

/// What one mode came to in one cell.
struct mode_result {
  std::string mode;
  std::map<std::string, double> figures;  // medians over the seeds, and quantiles over all their samples
  std::map<std::string, std::vector<double>> by_seed;
  std::map<std::string, std::uint64_t> fired;
  std::vector<second> over_time;  // of the first seed
  std::optional<violation> broken;
  std::uint64_t broken_seed = 0;
};

struct trial_result {
  cluster_scenario what;
  std::vector<mode_result> modes;

  /// `who` may be "published". Nothing: not measured.
  std::optional<double> figure(const std::string& who, const std::string& name) const;
};

std::vector<trial_result> hold_trials(std::vector<cluster_scenario> cells, const trial_options& how);
/// The first rule that was broken by our own mode, with what replays it; empty: none.
std::string complaint(const std::vector<trial_result>& results);

std::string table(const std::vector<trial_result>& results);
std::string json(const std::vector<trial_result>& results, const trial_options& how);
/// Bytes, disagreement and false positives over time for each cell; figures by x for files with a grid.
/// Errors: unavailable.
result<void> write_pictures(const std::vector<trial_result>& results, const std::filesystem::path& folder);

struct schedules_result {
  std::uint64_t runs = 0;
  std::map<std::string, std::uint64_t> fired;
  /// The first one that broke a rule, by seed, shrunk; and what it broke.
  std::optional<cluster_scenario> failing;
  std::string complaint;
};
/// Seeds from `first`, `count` of them; stops soon after the first that fails.
schedules_result run_schedules(std::uint64_t first, std::uint64_t count, unsigned threads);

}  // namespace troupe::simulator
