// Schedules of faults drawn by a seed, and what is left of one that broke a rule.
#pragma once

#include <cstdint>
#include <functional>

#include "scenario.hpp"

namespace troupe::simulator {

/// 5 to 64 nodes, 3 to 24 faults of all kinds over one to five minutes, then calm.
cluster_scenario draw_schedule(std::uint64_t seed);

/// Makes a scenario that fails smaller as long as it still does: fewer faults, fewer nodes, calmer weather,
/// shorter (Zeller and Hildebrandt's delta debugging, over the list of faults). Calls `fails` at most
/// `runs_max` times; the result has failed.
cluster_scenario shrink(cluster_scenario failing, const std::function<bool(const cluster_scenario&)>& fails,
                        int runs_max = 300);

}  // namespace troupe::simulator
