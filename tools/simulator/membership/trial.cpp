#include "trial.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "../../median.hpp"
#include "../parallel.hpp"
#include "../progress.hpp"
#include "random_faults.hpp"

namespace troupe::simulator {

namespace {

/// A cluster of so many takes up to a gigabyte; of 10,000 it is 11.
constexpr std::uint32_t nodes_beside_others = 4000;

struct job {
  std::size_t cell = 0, mode = 0, seed = 0;
};

std::string told(const violation& what) {
  return "rule " + std::to_string(what.invariant) + " at " +
         format_duration(what.at.time_since_epoch() - 1h) + ": " + what.text;
}

void settle(mode_result& into, std::vector<cluster_outcome>& outcomes,
            const std::vector<std::uint64_t>& seeds) {
  std::map<std::string, std::vector<double>> samples;
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    auto& each = outcomes[k];
    for (const auto& [name, value] : each.figures) into.by_seed[name].push_back(value);
    for (const auto& [name, values] : each.samples)
      samples[name].insert(samples[name].end(), values.begin(), values.end());
    for (const auto& [name, count] : each.fired) into.fired[name] += count;
    if (each.broken && !into.broken) {
      into.broken = each.broken;
      into.broken_seed = seeds[k];
    }
  }
  for (const auto& [name, values] : into.by_seed) into.figures[name] = median(values);
  add_quantiles(samples, into.figures);
  into.over_time = std::move(outcomes.front().over_time);
}

}  // namespace

std::optional<double> trial_result::figure(const std::string& who, const std::string& name) const {
  if (who == "published") {
    for (const auto& each : what.published)
      if (each.figure == name) return each.value;
    return std::nullopt;
  }
  for (const auto& each : modes) {
    const auto found = each.figures.find(name);
    if (each.mode == who && found != each.figures.end()) return found->second;
  }
  return std::nullopt;
}

std::vector<trial_result> hold_trials(std::vector<cluster_scenario> cells, const trial_options& how) {
  std::vector<trial_result> results;
  std::vector<job> jobs;
  std::vector<std::vector<std::vector<cluster_outcome>>> outcomes;
  std::vector<std::vector<std::uint64_t>> seeds;
  for (auto& each : cells) {
    for (const auto& [name, value] : how.settings) each.settings[name] = value;
    trial_result cell{std::move(each), {}};
    seeds.push_back(cell.what.seed > 0 ? std::vector{cell.what.seed} : how.seeds);
    auto& of_cell = outcomes.emplace_back();
    for (const auto& mode : cell.what.modes) {
      const bool wanted =
          how.modes.empty() || std::find(how.modes.begin(), how.modes.end(), mode) != how.modes.end();
      if (!wanted || !cell.what.shown_by.empty()) continue;
      for (std::size_t k = 0; k < seeds.back().size(); ++k)
        jobs.push_back({results.size(), cell.modes.size(), k});
      of_cell.emplace_back(seeds.back().size());
      cell.modes.push_back({.mode = mode});
    }
    results.push_back(std::move(cell));
  }
  // The large ones first: they take longest, and two threads end together. Before them, one at a time, those
  // that take much memory, or whose CPU is measured.
  const auto alone = [&](const job& it) {
    const auto& what = results[it.cell].what;
    return what.nodes > nodes_beside_others ||
           std::find(what.figures.begin(), what.figures.end(), "cpu_us_per_node_s") != what.figures.end();
  };
  std::stable_sort(jobs.begin(), jobs.end(), [&](const job& a, const job& b) {
    return std::pair(alone(a), results[a.cell].what.nodes) > std::pair(alone(b), results[b.cell].what.nodes);
  });
  const auto first = std::partition_point(jobs.begin(), jobs.end(), alone);
  progress bar(jobs.size());
  const auto run = [&](const job& it) {
    const auto& cell = results[it.cell];
    const auto& mode = cell.modes[it.mode].mode;
    outcomes[it.cell][it.mode][it.seed] = play(cell.what, *find_mode(mode), seeds[it.cell][it.seed]);
    bar.advance(cell.what.file + " " + cell.what.cell + " " + mode);
  };
  std::for_each(jobs.begin(), first, run);
  for_each_in_parallel(static_cast<std::size_t>(jobs.end() - first), how.threads,
                       [&](std::size_t at) { run(first[static_cast<std::ptrdiff_t>(at)]); });
  for (std::size_t c = 0; c < results.size(); ++c)
    for (std::size_t m = 0; m < results[c].modes.size(); ++m)
      settle(results[c].modes[m], outcomes[c][m], seeds[c]);
  return results;
}

std::string complaint(const std::vector<trial_result>& results) {
  for (const auto& cell : results)
    for (const auto& each : cell.modes) {
      if (!each.broken) continue;
      auto again = cell.what;
      again.seed = each.broken_seed;
      return cell.what.file + " " + cell.what.cell + ", seed " + std::to_string(each.broken_seed) + ", " +
             told(*each.broken) + "\n";
    }
  return {};
}

schedules_result run_schedules(std::uint64_t first, std::uint64_t count, unsigned threads) {
  schedules_result into;
  progress bar(count);
  std::mutex mutex;
  std::atomic<std::uint64_t> failing{~std::uint64_t{0}};
  std::string text;
  const auto mode = *find_mode("ours");
  for_each_in_parallel(count, threads, [&](std::size_t at) {
    const auto seed = first + at;
    if (seed > failing) return;
    const auto what = draw_schedule(seed);
    const auto came = play(what, mode, seed);
    const std::lock_guard lock(mutex);
    ++into.runs;
    for (const auto& [name, number] : came.fired) into.fired[name] += number;
    if (came.broken && seed < failing) {
      failing = seed;
      text = "seed " + std::to_string(seed) + ", " + told(*came.broken);
    }
    bar.advance(what.title);
  });
  if (failing == ~std::uint64_t{0}) return into;
  into.failing = shrink(draw_schedule(failing), [&](const cluster_scenario& smaller) {
    return play(smaller, mode, failing).broken.has_value();
  });
  const auto again = play(*into.failing, mode, failing);
  into.complaint = text;
  if (again.broken)
    into.complaint += "\nshrunk to " + std::to_string(into.failing->nodes) + " nodes and " +
                      std::to_string(into.failing->faults.size()) + " faults: " + told(*again.broken);
  return into;
}

}  // namespace troupe::simulator
