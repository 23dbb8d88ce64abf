// What membership costs and how soon everybody knows, on this machine: our nodes beside Serf's agents, each a
// process, the same things done to both, one after the other, round after round.
//
//   tools/bench_membership --rounds 3
//
// In each round each fleet starts, idles (processor time and bytes are counted), loses one agent by SIGKILL,
// gets one more, and then shares all cores with a program that keeps them busy, while nobody dies.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/actor/clock.hpp>

#include "fleet.hpp"
#include "network.hpp"

namespace {

using namespace std::chrono_literals;
using namespace troupe;
using bench::breed;
using bench::fact;
using bench::fleet;

constexpr duration patience = 60s;

struct plan {
  std::size_t agents = 64;
  int rounds = 1;
  int idle_seconds = 60;  // a multiple of the 30 s after which Serf's agents exchange all that they know
  int busy_seconds = 60;
  std::string profiles = "both";
};

/// Figures of one round of one fleet, by name; the names are those of `rows`.
using figures = std::map<std::string, double>;

struct row {
  const char* name;
  const char* text;
  const char* unit;
};
constexpr row rows[] = {
    {"boot", "all know all, after the start of all at once", "s"},
    {"idle_cpu", "processor time of an agent, idle", "ms/s"},
    {"idle_bytes", "bytes of an agent, idle", "B/s"},
    {"kill_median", "half of the survivors know of a SIGKILL", "s"},
    {"kill_all", "all survivors know of a SIGKILL", "s"},
    {"join_median", "half of the others know of a join", "s"},
    {"join_all", "all others know of a join", "s"},
    {"wrong", "held for dead while all cores are busy", ""},
};

/// Keeps every core busy, until it goes away.
class busy_cores {
 public:
  busy_cores() {
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
      const auto process = ::fork();
      if (process == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned spin = 0;;) spin = spin + 1;
      }
      if (process > 0) spinning_.push_back(process);
    }
  }
  ~busy_cores() {
    for (const auto process : spinning_) {
      ::kill(process, SIGKILL);
      ::waitpid(process, nullptr, 0);
    }
  }

 private:
  std::vector<pid_t> spinning_;
};

void note(const breed& of, const std::string& what) {
  std::fprintf(stderr, "%s %s: %s\n", of.name.c_str(), of.profile.c_str(), what.c_str());
}

/// What did not happen counts as the patience that it was given.
double median_or_patience(const std::vector<duration>& sorted, std::size_t expected) {
  return to_seconds(sorted.size() * 2 >= expected && !sorted.empty() ? sorted[(expected - 1) / 2] : patience);
}
double last_or_patience(const std::vector<duration>& sorted, std::size_t expected) {
  return to_seconds(sorted.size() == expected && !sorted.empty() ? sorted.back() : patience);
}

void measure_start(fleet& all, const plan& how, const std::vector<std::uint16_t>& ports, figures& found) {
  all.start(ports[0]);
  all.listen(actor::now() + 1s);  // the seed has to be there before it is asked
  const auto began = actor::now();
  for (std::size_t i = 1; i < how.agents; ++i) all.start(ports[i]);
  const auto done = all.await_all_joined(began + patience);
  found["boot"] = to_seconds(done ? actor::now() - began : patience);
}

void measure_idle(fleet& all, const plan& how, figures& found) {
  all.listen(actor::now() + 5s);  // what the start has left to say
  const auto began = actor::now();
  const auto used = all.processor_time();
  const auto carried = bench::loopback_bytes();
  all.listen(began + std::chrono::seconds(how.idle_seconds));
  const auto seconds = to_seconds(actor::now() - began) * static_cast<double>(how.agents);
  found["idle_cpu"] = to_seconds(all.processor_time() - used) * 1000 / seconds;
  found["idle_bytes"] = static_cast<double>(bench::loopback_bytes() - carried) / seconds;
}

void measure_kill(fleet& all, const plan& how, std::size_t victim, figures& found) {
  const auto struck = actor::now();
  all.kill(victim);
  const auto after = all.await(fact::dead, victim, struck, struck + patience);
  found["kill_median"] = median_or_patience(after, how.agents - 1);
  found["kill_all"] = last_or_patience(after, how.agents - 1);
}

void measure_join(fleet& all, const plan& how, std::uint16_t port, figures& found) {
  const auto began = actor::now();
  all.start(port);
  const auto after = all.await(fact::joined, how.agents, began, began + patience);
  found["join_median"] = median_or_patience(after, how.agents - 1);
  found["join_all"] = last_or_patience(after, how.agents - 1);
}

void measure_wrong(fleet& all, const plan& how, figures& found) {
  const auto began = actor::now();
  {
    const busy_cores others;
    all.listen(began + std::chrono::seconds(how.busy_seconds));
  }
  all.listen(actor::now() + 5s);  // what was suspected meanwhile
  found["wrong"] = static_cast<double>(all.held_for_dead(began));
}

figures run_round(const breed& of, const plan& how, int round) {
  // Serf's second port is 1,000 above the first.
  const auto base = static_cast<std::uint16_t>(10'000 + 100 * (round % 8));
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i <= how.agents; ++i) ports.push_back(static_cast<std::uint16_t>(base + i));
  figures found;
  fleet all(of);
  note(of, "starts " + std::to_string(how.agents));
  measure_start(all, how, ports, found);
  note(of, "idles");
  measure_idle(all, how, found);
  note(of, "loses one, and gets one");
  measure_kill(all, how, 1 + static_cast<std::size_t>(round * 17) % (how.agents - 1), found);
  measure_join(all, how, ports[how.agents], found);
  if (how.busy_seconds > 0) {
    note(of, "shares the cores");
    measure_wrong(all, how, found);
  }
  return found;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const std::string& profile, const std::map<std::string, std::vector<figures>>& of) {
  std::printf("\nprofile %s\n%-48s %12s %12s %12s\n", profile.c_str(), "", "troupe", "serf", "troupe/serf");
  for (const auto& row : rows) {
    std::map<std::string, double> value;
    for (const auto& [name, rounds] : of) {
      std::vector<double> each;
      for (const auto& one : rounds)
        if (one.contains(row.name)) each.push_back(one.at(row.name));
      if (each.empty()) continue;
      // Cries of wolf are rare: all of them count, not those of the round in the middle.
      value[name] = std::string(row.name) == "wrong" ? [&] {
        double sum = 0;
        for (const auto one : each) sum += one;
        return sum;
      }() : median(each);
    }
    if (value.empty()) continue;
    const auto cell = [&](const char* name) {
      if (!value.contains(name)) return std::string("-");
      char text[32];
      const bool in_vain = std::string(row.unit) == "s" && value[name] >= to_seconds(patience);
      std::snprintf(text, sizeof text, "%s%.4g %s", in_vain ? ">" : "", value[name], row.unit);
      return std::string(text);
    };
    std::string ratio = "-";
    if (value.size() == 2 && value["serf"] > 0) {
      char text[32];
      std::snprintf(text, sizeof text, "%.3f", value["troupe"] / value["serf"]);
      ratio = text;
    }
    std::printf("%-48s %12s %12s %12s\n", row.text, cell("troupe").c_str(), cell("serf").c_str(),
                ratio.c_str());
  }
}

bool is_installed(const std::string& program) {
  const auto* path = std::getenv("PATH");
  std::string folders = path != nullptr ? path : "/usr/bin";
  for (std::size_t begins = 0; begins <= folders.size();) {
    const auto ends = std::min(folders.find(':', begins), folders.size());
    if (::access((folders.substr(begins, ends - begins) + "/" + program).c_str(), X_OK) == 0) return true;
    begins = ends + 1;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App parser("Starts, kills and adds nodes of ours and agents of Serf's, and shows how soon all know.");
  plan how;
  parser.add_option("--agents", how.agents, "of each kind")->check(CLI::Range(4, 90))->capture_default_str();
  parser.add_option("--rounds", how.rounds, "medians are shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  parser.add_option("--idle", how.idle_seconds, "seconds of idling that are counted")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  parser.add_option("--busy", how.busy_seconds, "seconds with all cores busy; 0 leaves it out")
      ->check(CLI::Range(0, 600))
      ->capture_default_str();
  parser.add_option("--profile", how.profiles, "lan, local or both")
      ->check(CLI::IsMember({"lan", "local", "both"}))
      ->capture_default_str();
  CLI11_PARSE(parser, argc, argv);
  signal(SIGPIPE, SIG_IGN);
  if (const auto own = bench::enter_own_network(); !own)
    std::fprintf(stderr,
                 "bench_membership: no network of its own (%s): bytes are everybody's on the loopback\n",
                 own.error().text.c_str());
  const bool serf = is_installed("serf");
  if (!serf) std::fprintf(stderr, "bench_membership: serf is not installed, so only ours is measured\n");
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_membership_node";
  try {
    std::vector<std::string> profiles = {how.profiles};
    if (how.profiles == "both") profiles = {"lan", "local"};
    std::map<std::string, std::map<std::string, std::vector<figures>>> found;
    for (int round = 0; round < how.rounds; ++round)
      for (const auto& profile : profiles) {
        found[profile]["troupe"].push_back(run_round(bench::troupe_nodes(program, profile), how, round));
        if (serf) found[profile]["serf"].push_back(run_round(bench::serf_agents(profile), how, round));
      }
    std::printf("%zu agents of each kind, a process each; %d rounds\n", how.agents, how.rounds);
    for (const auto& [profile, fleets] : found) print(profile, fleets);
  } catch (const std::exception& problem) {
    return std::fprintf(stderr, "bench_membership: %s\n", problem.what()), 1;
  }
}
