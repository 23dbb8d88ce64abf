#include "command.hpp"

#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "balance/contenders/dynamic_score.hpp"
#include "balance/tournament.hpp"
#include "membership/modes.hpp"
#include "membership/trial.hpp"
#include "scenario_files.hpp"
#include "text_table.hpp"

namespace troupe::simulator {

namespace {

struct wishes {
  std::vector<std::string> scenarios;
  std::vector<std::string> columns;  // policies, or modes
  std::vector<std::string> settings;
  std::uint64_t schedules = 0;
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
constexpr std::uint32_t quick_nodes = 200;

template <class T>
T take(result<T> from) {
  if (!from) throw std::runtime_error(from.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*from);
}

settings read_settings(const std::vector<std::string>& from,
                       result<void> (*read)(std::string_view, std::string_view, settings&)) {
  settings into;
  for (const auto& each : from) {
    const auto at = each.find('=');
    if (at == 0 || at == std::string::npos)
      throw std::runtime_error("--set takes NAME=VALUE, not '" + each + "'");
    if (const auto done = read(each.substr(0, at), each.substr(at + 1), into); !done)
      throw std::runtime_error("--set: " + done.error().text);
  }
  return into;
}

template <class Scenario>
std::vector<Scenario> read_all(const std::string& kind, std::vector<std::string> names,
                               result<std::vector<Scenario>> (*read)(const std::filesystem::path&)) {
  std::vector<Scenario> cells;
  if (names.empty()) names.emplace_back();
  for (const auto& name : names)
    for (const auto& file : take(find_scenarios(kind, name)))
      for (auto& cell : take(read(file))) cells.push_back(std::move(cell));
  return cells;
}

std::vector<std::uint64_t> seeds_of(const wishes& what) {
  if (what.seed > 0) return {what.seed};
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t k = 0; k < (what.quick ? 1 : what.seeds); ++k) seeds.push_back(what.first_seed + k);
  return seeds;
}

template <class Results, class Options>
void show(const Results& results, const Options& how, const wishes& what) {
  if (!what.pictures.empty()) take(write_pictures(results, what.pictures));
  if (what.format == "json") std::fputs(json(results, how).c_str(), stdout);
  if (what.format != "json") std::fputs(table(results).c_str(), stdout);
  if (what.format == "json" && what.table) std::fputs(table(results).c_str(), stderr);
}

void hold_balance(const wishes& what) {
  auto cells = read_all("balance", what.scenarios, read_scenario);
  tournament_options how;
  how.contenders = what.columns;
  how.settings = read_settings(what.settings, read_setting);
  how.threads = what.threads;
  how.shorten = what.quick ? quick_share : 1;
  how.seeds = seeds_of(what);
  show(take(hold_tournament(std::move(cells), how)), how, what);
}

void hold_schedules(const wishes& what) {
  const auto came = run_schedules(what.first_seed, what.schedules, what.threads);
  std::printf("%llu schedules of random faults; fired:\n", static_cast<unsigned long long>(came.runs));
  rows all;
  for (const auto& [name, count] : came.fired) all.push_back({name, std::to_string(count)});
  std::fputs(aligned(all).c_str(), stdout);
  if (!came.failing) return void(std::printf("no rule was broken\n"));
  std::printf("\n# %s\n# Save this and run it: troupe sim membership FILE\n%s", "what is left of it",
              text_of(*came.failing).c_str());
  throw std::runtime_error(came.complaint);
}

void hold_membership(const wishes& what) {
  if (what.schedules > 0) return hold_schedules(what);
  trial_options how;
  how.modes = what.columns;
  how.settings = read_settings(what.settings, read_setting_of_ours);
  how.threads = what.threads;
  how.seeds = seeds_of(what);
  auto cells = read_all("membership", what.scenarios, read_cluster_scenario);
  if (what.quick) std::erase_if(cells, [](const cluster_scenario& each) { return each.nodes > quick_nodes; });
  for (const auto& each : cells) {
    auto both = how.settings;
    both.insert(each.settings.begin(), each.settings.end());
    (void)take(with_settings({}, both));
  }
  const auto results = hold_trials(std::move(cells), how);
  show(results, how, what);
  if (const auto wrong = complaint(results); !wrong.empty()) throw std::runtime_error(wrong);
}

/// What both verbs take.
void add_common(CLI::App* verb, const std::shared_ptr<wishes>& what) {
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
  verb->add_flag("--table", what->table, "the table, also beside JSON: there on the error output");
  verb->add_option("-o,--output", what->format, "table or json")->check(CLI::IsMember({"table", "json"}));
  verb->add_option("--pictures", what->pictures, "writes SVG files there")->type_name("FOLDER");
}

}  // namespace

void add_balance_verb(CLI::App& to, std::function<void()>& chosen) {
  auto what = std::make_shared<wishes>();
  auto* verb =
      to.add_subcommand("balance", "Choosing a replica: policies against each other in virtual time");
  verb->add_option("scenarios", what->scenarios, "names or files; all of them unless said")
      ->type_name("SCENARIO");
  verb->add_option("--policies", what->columns, "only these, such as dynamic_score,oracle")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME");
  add_common(verb, what);
  verb->add_flag("--quick", what->quick, "one seed, a fifth of the time where nothing happens at set times");
  verb->add_option("--set", what->settings,
                   "an option of balance, for ours, or of retry or routing, for the whole router: "
                   "cost_floor=2ms, ejection.first=2s (framework/docs/options.md)")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  verb->footer(
      "Examples:\n"
      "  troupe sim balance                             every scenario, every policy\n"
      "  troupe sim balance prequal_grid --quick        a first look\n"
      "  troupe sim balance sinkhole --seed 3           one run again\n"
      "  troupe sim balance mine.toml --pictures out    a scenario of your own");
  verb->callback([what, chosen = &chosen] { *chosen = [what] { hold_balance(*what); }; });
}

void add_membership_verb(CLI::App& to, std::function<void()>& chosen) {
  auto what = std::make_shared<wishes>();
  what->seeds = 3;
  auto* verb = to.add_subcommand("membership", "Who is there: whole clusters under faults in virtual time");
  verb->add_option("scenarios", what->scenarios, "names or files; all of them unless said")
      ->type_name("SCENARIO");
  verb->add_option("--modes", what->columns, "only these: ours, memberlist, swim")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"ours", "memberlist", "swim"}))
      ->type_name("NAME");
  add_common(verb, what);
  verb->add_flag("--quick", what->quick, "one seed, and only clusters of up to 200 nodes");
  verb->add_option("--schedules", what->schedules,
                   "instead: so many schedules of random faults, from --first-seed on; the first that breaks "
                   "a rule is shrunk and printed as a scenario")
      ->check(CLI::Range(1, 100'000'000))
      ->type_name("COUNT");
  verb->add_option("--set", what->settings,
                   "an option of membership, such as suspicion_alpha=3 (framework/docs/options.md)")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  verb->footer(
      "Examples:\n"
      "  troupe sim membership --table                  every row, beside SWIM and memberlist\n"
      "  troupe sim membership split --seed 3           one run again\n"
      "  troupe sim membership --schedules 10000        random faults, a nightly length\n"
      "  troupe sim membership mine.toml --pictures out a scenario of your own, or one that failed");
  verb->callback([what, chosen = &chosen] { *chosen = [what] { hold_membership(*what); }; });
}

void add_sim_verb(CLI::App& to, std::function<void()>& chosen) {
  auto* verb = to.add_subcommand("sim", "Simulates clusters in virtual time");
  verb->require_subcommand(1);
  add_balance_verb(*verb, chosen);
  add_membership_verb(*verb, chosen);
}

}  // namespace troupe::simulator
