// How well each policy chooses, with real processes: five replicas on this machine, in good days and bad
// ones, called open loop by two callers at once, one with idempotent calls (for which the router may do
// everything), one with unsafe ones (for which the choice is all there is). Policies take turns within each
// scenario.
//
//   tools/bench_choice --rounds 3 --scenarios slow,sinkhole
//
// The servers write down what they execute: an unsafe call that was executed twice fails the benchmark.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <signal.h>
#include <unistd.h>

#include "findings.hpp"

namespace {

using namespace troupe;
using namespace troupe::choice;

constexpr duration settle_time = std::chrono::seconds(1);
// Measured before it happens, so that what is under way at that moment counts.
constexpr duration lead_time = std::chrono::milliseconds(100);

struct settings {
  load_plan load;
  double seconds = 6;
  double work_ms = 5;
  unsigned rounds = 1;
  std::vector<std::string> scenarios;
  std::vector<std::string> policies = {"dynamic_score", "round_robin", "random", "least_loaded",
                                       "peak_ewma",     "hcl",         "c3"};
  std::string output = "table";
};

struct policy {
  std::string name;
  balance::policy_kind kind;
};

/// Two callers at once, while it happens.
result<void> observe(stage& on, scenario what, const policy& by, const settings& how, unsigned round,
                     std::vector<observation>& seen) {
  auto load = how.load;
  load.seed += round;
  std::vector<observation> now;
  std::vector<std::unique_ptr<caller>> callers;
  for (const auto calls : {kind::idempotent, kind::unsafe}) {
    const auto next = static_cast<slice_id>(2 * (seen.size() + now.size()));
    auto made = caller::begin(on.cluster(), by.kind, calls, load, {next, next + 1});
    if (!made) return made.error();
    callers.push_back(std::move(*made));
    now.push_back({what, by.name, calls, {next, next + 1}, {}});
  }
  std::this_thread::sleep_for(settle_time);
  for (auto& each : callers)
    if (auto started = each->start_measuring(); !started) return started;
  std::this_thread::sleep_for(lead_time);
  auto played = on.play(what, from_seconds(how.seconds));
  for (auto& each : callers) each->stop_calling();
  for (std::size_t i = 0; i < callers.size(); ++i) {
    auto measured = callers[i]->finish();
    if (!measured) return measured.error();
    now[i].measured = std::move(*measured);
  }
  callers.clear();
  seen.insert(seen.end(), now.begin(), now.end());
  if (!played) return played;
  return on.restore();
}

result<findings> run(const settings& how, const std::vector<scenario>& scenarios,
                     const std::vector<policy>& policies, const std::filesystem::path& folder) {
  auto on = stage::set(folder);
  if (!on) return on.error();
  const bool shown = ::isatty(STDERR_FILENO) == 1;
  const auto all = how.rounds * scenarios.size() * policies.size();
  std::vector<observation> seen;
  for (unsigned round = 0; round < how.rounds; ++round)
    for (const auto what : scenarios)
      for (std::size_t i = 0; i < policies.size(); ++i) {
        // Nobody is always first.
        const auto& by = policies[(i + round) % policies.size()];
        const auto done = seen.size() / 2;
        if (shown)
          std::fprintf(stderr, "\r\x1b[K%zu of %zu, %.0f s left: %s, %s", done + 1, all,
                       static_cast<double>(all - done) * (how.seconds + 2),
                       std::string(to_string(what)).c_str(), by.name.c_str());
        if (const auto measured = observe(*on, what, by, how, round, seen); !measured)
          return error{measured.error().code,
                       std::string(to_string(what)) + ", " + by.name + ": " + measured.error().text};
      }
  if (shown) std::fputs("\r\x1b[K", stderr);
  // Before the logs are read: what a replica still does belongs in them.
  const auto executed_in = on->executions();
  if (const auto ended = on->end(); !ended) return ended.error();
  const auto executed = read_executions(executed_in);
  if (!executed) return executed.error();
  std::vector<std::string> names;
  for (const auto& each : policies) names.push_back(each.name);
  return sum_up(names, seen, *executed);
}

std::vector<scenario> scenarios_named(const std::vector<std::string>& names) {
  std::vector<scenario> found;
  for (const auto each : all_scenarios)
    if (names.empty() || std::find(names.begin(), names.end(), to_string(each)) != names.end())
      found.push_back(each);
  return found;
}

std::vector<policy> policies_named(const std::vector<std::string>& names) {
  std::vector<policy> found;
  for (const auto& name : names) {
    const auto kind = balance::parse_policy_kind(name);
    if (kind)
      found.push_back({name, *kind});
    else
      std::fprintf(stderr, "bench_choice: left out: %s\n", kind.error().text.c_str());
  }
  return found;
}

void declare_options(CLI::App& parser, settings& how) {
  std::vector<std::string> names;
  for (const auto each : all_scenarios) names.emplace_back(to_string(each));
  parser.add_option("--rounds", how.rounds, "of everything; medians are shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  parser.add_option("--scenarios", how.scenarios, "only these, with commas")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  parser.add_option("--policies", how.policies, "only these, with commas")
      ->delimiter(',')
      ->capture_default_str();
  parser.add_option("--rate", how.load.per_second, "calls a second, of each of the two callers")
      ->check(CLI::Range(10., 20'000.))
      ->capture_default_str();
  parser.add_option("--seconds", how.seconds, "of each policy in each scenario, after 1 s to settle")
      ->check(CLI::Range(1., 600.))
      ->capture_default_str();
  parser.add_option("--work", how.work_ms, "mean ms that a call takes (exponential; the replicas sleep)")
      ->check(CLI::Range(.1, 100.))
      ->capture_default_str();
  parser.add_option("--seed", how.load.seed, "of the work's draws")->capture_default_str();
  parser.add_option("-o,--output", how.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  parser.footer(
      "All of it takes about 6 minutes a round.\n"
      "Exit code: 1 where an unsafe call was executed twice, or where it could not be run.\n\n"
      "  bench_choice --scenarios slow,sinkhole --policies dynamic_score,round_robin\n"
      "  bench_choice --rounds 5 -o json > choice.json");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App parser("How well each policy chooses among five real replicas, in good days and bad ones.");
  settings how;
  declare_options(parser, how);
  CLI11_PARSE(parser, argc, argv);
  how.load.work = from_seconds(how.work_ms / 1000);
  const auto policies = policies_named(how.policies);
  if (policies.empty()) return std::fputs("bench_choice: no policy is left to measure\n", stderr), 2;
  signal(SIGPIPE, SIG_IGN);
  auto pattern = (std::filesystem::temp_directory_path() / "troupe-bench-choice-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return std::fputs("bench_choice: no temporary folder can be made: is /tmp writable?\n", stderr), 1;
  const auto found = run(how, scenarios_named(how.scenarios), policies, pattern);
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  if (!found) return std::fprintf(stderr, "bench_choice: %s\n", found.error().text.c_str()), 1;
  if (how.output == "json") {
    std::fputs(as_json(*found, how.load, how.seconds, how.rounds).c_str(), stdout);
  } else {
    std::printf(
        "%u replicas, 2 callers with %g calls/s each, work of %g ms, %g s a slice, %s\n", replicas,
        how.load.per_second, how.work_ms, how.seconds,
        how.rounds == 1 ? "1 round" : ("medians of " + std::to_string(how.rounds) + " rounds").c_str());
    std::fputs(as_table(*found).c_str(), stdout);
  }
  return found->executed_again == 0 ? 0 : 1;
}
