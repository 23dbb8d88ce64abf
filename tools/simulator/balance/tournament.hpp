// Scenarios times contenders times seeds: medians, the table with its aims, JSON, pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "../aim.hpp"
#include "outcome.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

struct tournament_options {
  std::vector<std::string> contenders;  // empty: everybody, and "troupe"
  std::vector<std::uint64_t> seeds{1, 2, 3, 4, 5};
  double shorten = 1;  // a run without incidents and windows lasts this share of its time, in (0, 1]
  unsigned threads = 2;
  std::map<std::string, double> settings;  // contest::settings
};

/// What one contender came to in one cell.
struct standing {
  std::string contender;
  std::string absent;                     // why it did not take part; empty when it did
  std::map<std::string, double> figures;  // medians over the seeds
  std::map<std::string, std::vector<double>> by_seed;
  series over_time;  // of the first seed
};

struct cell_result {
  scenario what;
  std::vector<standing> standings;

  /// Nothing: it did not take part, or has no such figure. `who` may be "best_published".
  std::optional<double> figure(const std::string& who, const std::string& name) const;
};

/// `file` is every cell of the scenario's file.
verdict_on_aim judge(const std::vector<const cell_result*>& file, const cell_result& cell, const aim& wanted);

/// Errors: invalid_argument for a contender that is not known.
result<std::vector<cell_result>> hold_tournament(std::vector<scenario> cells, const tournament_options& how);

/// For people; figures with three significant digits.
std::string table(const std::vector<cell_result>& results);
std::string json(const std::vector<cell_result>& results, const tournament_options& how);
/// A file for each scenario with a grid (figure by x), and for each cell with incidents (share of load of
/// each server over time, for every contender). Errors: unavailable.
result<void> write_pictures(const std::vector<cell_result>& results, const std::filesystem::path& folder);

}  // namespace troupe::simulator
