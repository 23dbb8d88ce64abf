#include "command.hpp"

#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "balance/tournament.hpp"

namespace troupe::simulator {

namespace {

struct wishes {
  std::vector<std::string> scenarios;
  std::vector<std::string> policies;
  std::vector<std::string> settings;
  std::uint64_t seeds = 5;
  std::uint64_t first_seed = 1;
  std::uint64_t seed = 0;
  unsigned threads = 2;
  bool quick = false;
  bool table = false;
  std::string format = "table";
  std::string pictures;
};

constexpr double quick_share = .2;

template <class T>
T take(result<T> from) {
  if (!from) throw std::runtime_error(from.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*from);
}

std::map<std::string, double> read_settings(const std::vector<std::string>& from) {
  std::map<std::string, double> into;
  for (const auto& each : from) {
    const auto at = each.find('=');
    std::size_t used = 0;
    double value = 0;
    try {
      if (at != std::string::npos) value = std::stod(each.substr(at + 1), &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (at == 0 || at == std::string::npos || used != each.size() - at - 1)
      throw std::runtime_error("--set takes NAME=NUMBER, not '" + each + "'");
    into[each.substr(0, at)] = value;
  }
  return into;
}

void hold(const wishes& what) {
  std::vector<scenario> cells;
  auto names = what.scenarios;
  if (names.empty()) names.emplace_back();
  for (const auto& name : names)
    for (const auto& file : take(find_scenarios("balance", name)))
      for (auto& cell : take(read_scenario(file))) cells.push_back(std::move(cell));

  tournament_options how;
  how.contenders = what.policies;
  how.settings = read_settings(what.settings);
  how.threads = what.threads;
  how.shorten = what.quick ? quick_share : 1;
  how.seeds.clear();
  for (std::uint64_t k = 1; k <= (what.quick ? 1 : what.seeds); ++k)
    how.seeds.push_back(what.first_seed + k - 1);
  if (what.seed > 0) how.seeds = {what.seed};

  const auto results = take(hold_tournament(std::move(cells), how));
  if (!what.pictures.empty()) take(write_pictures(results, what.pictures));
  if (what.format == "json") std::fputs(json(results, how).c_str(), stdout);
  if (what.format != "json" || what.table) std::fputs(table(results).c_str(), stdout);
}

}  // namespace

void add_balance_verb(CLI::App& to, std::function<void()>& chosen) {
  auto what = std::make_shared<wishes>();
  auto* verb =
      to.add_subcommand("balance", "Choosing a replica: policies against each other in virtual time");
  verb->add_option("scenarios", what->scenarios, "names or files; all of them unless said")
      ->type_name("SCENARIO");
  verb->add_option("--policies", what->policies, "only these, such as dynamic_score,oracle")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME");
  verb->add_option("--seeds", what->seeds, "how many seeds the medians are of")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--first-seed", what->first_seed, "of those; tune on some, report on others")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--seed", what->seed, "one seed alone, to replay a run")->check(CLI::PositiveNumber);
  verb->add_option("--threads", what->threads, "runs at the same time")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  verb->add_flag("--quick", what->quick, "one seed, a fifth of the time where nothing happens at set times");
  verb->add_flag("--table", what->table, "the table, also beside JSON");
  verb->add_option("-o,--output", what->format, "table or json")->check(CLI::IsMember({"table", "json"}));
  verb->add_option("--pictures", what->pictures, "writes SVG files there")->type_name("FOLDER");
  verb->add_option("--set", what->settings,
                   "an option of dynamic_score, such as cost_floor=.002 (times in s)")
      ->allow_extra_args(false)
      ->type_name("NAME=NUMBER");
  verb->footer(
      "Examples:\n"
      "  troupe sim balance                             every scenario, every policy\n"
      "  troupe sim balance prequal_grid --quick        a first look\n"
      "  troupe sim balance sinkhole --seed 3           one run again\n"
      "  troupe sim balance mine.toml --pictures out    a scenario of your own");
  verb->callback([what, chosen = &chosen] { *chosen = [what] { hold(*what); }; });
}

void add_sim_verb(CLI::App& to, std::function<void()>& chosen) {
  auto* verb = to.add_subcommand("sim", "Simulates clusters in virtual time");
  verb->require_subcommand(1);
  add_balance_verb(*verb, chosen);
}

}  // namespace troupe::simulator
