#include "tournament.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

#include "../../median.hpp"
#include "../parallel.hpp"
#include "../progress.hpp"
#include "world.hpp"

namespace troupe::simulator {

namespace {

struct job {
  std::size_t cell = 0, standing = 0, seed = 0;
};

// Everybody who is neither ours nor knows the truth, unless the scenario says who.
bool published(const scenario& what, const std::string& name) {
  if (!what.published.empty())
    return std::find(what.published.begin(), what.published.end(), name) != what.published.end();
  return !name.starts_with("dynamic_score") && !name.starts_with("troupe") &&
         name.find("oracle") == std::string::npos;
}

void shorten(scenario& what, double share) {
  if (share >= 1 || !what.incidents.empty() || !what.windows.empty()) return;
  what.lasts = from_seconds(to_seconds(what.lasts) * share);
  what.warm_up = from_seconds(to_seconds(what.warm_up) * std::max(share, .5));
  what.warm_up = std::min(what.warm_up, what.lasts / 3);
}

void settle(standing& into, const std::vector<outcome>& outcomes) {
  for (const auto& each : outcomes)
    for (const auto& [name, value] : each.figures) into.by_seed[name].push_back(value);
  for (const auto& [name, values] : into.by_seed) into.figures[name] = median(values);
  into.over_time = outcomes.front().over_time;
}

/// Everything to be run, and what it came to.
class schedule {
 public:
  schedule(std::vector<cell_result>& cells, const tournament_options& how) : cells_(cells), how_(how) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      outcomes_.emplace_back(cells[c].standings.size());
      for (std::size_t s = 0; s < cells[c].standings.size(); ++s) {
        if (!cells[c].standings[s].absent.empty()) continue;
        outcomes_[c][s].resize(how.seeds.size());
        for (std::size_t k = 0; k < how.seeds.size(); ++k) jobs_.push_back({c, s, k});
      }
    }
  }

  result<void> run_all() {
    progress bar(jobs_.size());
    for_each_in_parallel(jobs_.size(), how_.threads, [&](std::size_t at) { run_one(jobs_[at], bar); });
    if (failure_) return *failure_;
    for (std::size_t c = 0; c < cells_.size(); ++c)
      for (std::size_t s = 0; s < cells_[c].standings.size(); ++s)
        if (cells_[c].standings[s].absent.empty()) settle(cells_[c].standings[s], outcomes_[c][s]);
    return {};
  }

 private:
  void run_one(const job& what, progress& bar) {
    const auto& cell = cells_[what.cell];
    const auto& name = cell.standings[what.standing].contender;
    auto settings = how_.settings;
    settings.insert(cell.what.ours.begin(), cell.what.ours.end());
    auto came = run(cell.what, {name, settings}, how_.seeds[what.seed]);
    bar.advance(cell.what.file + " " + cell.what.cell + " " + name);
    if (!came) {
      const std::lock_guard lock(mutex_);
      failure_ = came.error();
      return;
    }
    if (what.seed > 0) came->over_time = {};
    outcomes_[what.cell][what.standing][what.seed] = std::move(*came);
  }

  std::vector<cell_result>& cells_;
  const tournament_options& how_;
  std::vector<job> jobs_;
  std::vector<std::vector<std::vector<outcome>>> outcomes_;
  std::mutex mutex_;
  std::optional<error> failure_;
};

}  // namespace

std::optional<double> cell_result::figure(const std::string& who, const std::string& name) const {
  std::optional<double> found;
  const auto better = [&](double value) {
    return name.starts_with("goodput") || name.starts_with("local") ? value > *found : value < *found;
  };
  for (const auto& each : standings) {
    const bool asked = who == "best_published" ? published(what, each.contender) : each.contender == who;
    const auto at = each.figures.find(name);
    if (!asked || at == each.figures.end()) continue;
    if (!found || better(at->second)) found = at->second;
  }
  return found;
}

result<std::vector<cell_result>> hold_tournament(std::vector<scenario> cells, const tournament_options& how) {
  auto names = contender_names();
  names.emplace_back("troupe");
  std::vector<cell_result> results;
  for (auto& each : cells) {
    shorten(each, how.shorten);
    cell_result cell{std::move(each), {}};
    for (const auto& name : how.contenders.empty() ? names : how.contenders)
      cell.standings.push_back({.contender = name, .absent = unfit({name}, cell.what)});
    results.push_back(std::move(cell));
  }
  schedule all(results, how);
  if (const auto done = all.run_all(); !done) return done.error();
  return results;
}

}  // namespace troupe::simulator
