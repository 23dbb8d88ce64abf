// One run: a scenario's cell, in one mode, with one seed, in virtual time; and the figures that it came to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster.hpp"
#include "modes.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

/// One second of a run.
struct second {
  double bytes_per_node = 0;
  double disagreements = 0;    // pairs
  double false_positives = 0;  // so far
};

struct cluster_outcome {
  /// By the names that scenario files give them; what was not measured is
  /// not there.
  std::map<std::string, double> figures;
  /// What quantiles are of: over all the runs of a cell.
  std::map<std::string, std::vector<double>> samples;
  std::vector<second> over_time;
  std::optional<violation> broken;
  std::map<std::string, std::uint64_t> fired;  // faults that really happened, by name
  std::uint64_t trace = 0;
};

/// `settings` of the scenario count for the mode "ours" alone.
cluster_outcome play(const cluster_scenario& what, const membership_mode& mode, std::uint64_t seed);

/// "gone_all_s" of samples into "gone_all_s_p50", "_p99" and "_max".
void add_quantiles(const std::map<std::string, std::vector<double>>& samples,
                   std::map<std::string, double>& figures);

}  // namespace troupe::simulator
