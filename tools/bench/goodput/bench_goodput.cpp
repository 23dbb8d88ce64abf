// What a service still does in time when it is asked for more than it can do: real processes, called open
// loop with a deadline. Of each cell the load is half of the capacity, then many times as much, then half
// again.
//
//   tools/bench_goodput --loads 1.5,10 --takes 10 --deadlines 2,50 --replicas 1,3 --callers 1,20
//
// Capacity is what the replicas could answer if each were always at work: replicas / takes.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <load_generator/steady_load.hpp>
#include <local_cluster/local_cluster.hpp>
#include <local_cluster/readiness.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <signal.h>
#include <unistd.h>

#include <troupe/actor/clock.hpp>
#include <troupe/node/node.hpp>

#include "goodput.troupe.hpp"

namespace {

using namespace troupe;

constexpr duration ready_within = 20s;
constexpr duration settles = 2s;     // after each change of the load
constexpr duration afterwards = 2s;  // watched once it has settled after the overload

struct cell {
  std::string runs_on;
  double takes_ms = 10;
  double deadline = 10;  // times `takes_ms`
  unsigned replicas = 1;
  unsigned callers = 1;
  double load = 1.5;  // times the capacity

  duration takes() const { return from_seconds(takes_ms / 1000); }
  double capacity() const { return replicas / to_seconds(takes()); }
};

struct found {
  double goodput = 0;       // answers in time over the capacity
  duration p50{0}, p99{0};  // of all calls' ends, refusals included
  double failed_after = 0;  // share of the calls, `settles` after the overload's end
};

/// A cluster, and callers of their own each, that share a load.
class stage {
 public:
  static result<std::unique_ptr<stage>> set(const cell& what, const std::filesystem::path& folder);

  result<found> play(duration overload);

 private:
  stage(local::local_cluster cluster, cell what) : cluster_(std::move(cluster)), what_(std::move(what)) {}

  load::summary call(double per_second, duration length, duration ignored);

  local::local_cluster cluster_;
  cell what_;
  std::vector<node> nodes_;
  std::vector<client<bench::Busy>> clients_;
};

result<std::unique_ptr<stage>> stage::set(const cell& what, const std::filesystem::path& folder) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_goodput_server";
  const local::cluster_file plan{"goodput",
                                 {{"busy",
                                   program,
                                   what.replicas,
                                   {"--takes", std::to_string(std::llround(what.takes_ms * 1000)) + "us",
                                    "--service", "bench.Busy:hosting.runs_on=" + what.runs_on}}},
                                 {}};
  auto cluster = local::local_cluster::up(
      plan, {.folder = folder, .lifetime = local::lifetime::bound, .log_level = "error"});
  if (!cluster) return cluster.error();
  if (const auto ready = local::wait_until_ready(*cluster, {}, ready_within); !ready) return ready.error();
  auto made = std::unique_ptr<stage>(new stage(std::move(*cluster), what));
  for (unsigned i = 0; i < what.callers; ++i) {
    auto caller = local::observe(made->cluster_);
    if (!caller) return caller.error();
    made->nodes_.push_back(std::move(*caller));
    made->clients_.push_back(made->nodes_.back().client<bench::Busy>());
  }
  return made;
}

load::summary stage::call(double per_second, duration length, duration ignored) {
  const auto deadline = what_.takes() * static_cast<std::int64_t>(what_.deadline);
  load::steady_load load(per_second, [&](std::uint64_t nth, load::steady_load::done done) {
    clients_[nth % clients_.size()].work().within(deadline).then([done = std::move(done)](auto reply) {
      if (reply) return done(code::ok, "");
      done(reply.error().code, reply.error().explain());
    });
  });
  const auto begun = actor::now();
  std::this_thread::sleep_for(length);
  const auto ended = actor::now();
  load.stop_sending();
  (void)load.drained(deadline + 2s);
  return load.records().over(begun + ignored, ended);
}

result<found> stage::play(duration overload) {
  const double capacity = what_.capacity();
  (void)call(.5 * capacity, settles, 0s);
  const auto during = call(what_.load * capacity, settles + overload, settles);
  const auto after = call(.5 * capacity, settles + afterwards, settles);
  (void)cluster_.down();
  if (during.calls == 0 || after.calls == 0) return error{code::unavailable, "no calls were made"};
  const auto answered = static_cast<double>(during.calls - during.failed);
  return found{.goodput = answered / (to_seconds(overload) * capacity),
               .p50 = during.p50,
               .p99 = during.p99,
               .failed_after = static_cast<double>(after.failed) / static_cast<double>(after.calls)};
}

struct settings {
  std::vector<double> loads = {1.05, 1.5, 10}, takes = {10}, deadlines = {2, 10, 50};
  std::vector<unsigned> replicas = {1, 3}, callers = {1, 20};
  std::vector<std::string> placements = {"pool"};
  double seconds = 3;

  std::vector<cell> cells() const {
    std::vector<cell> all;
    for (const auto& runs_on : placements)
      for (const auto each : takes)
        for (const auto deadline : deadlines)
          for (const auto number : replicas)
            for (const auto caller : callers)
              for (const auto load : loads) all.push_back({runs_on, each, deadline, number, caller, load});
    return all;
  }
};

void declare(CLI::App& parser, settings& how) {
  parser.add_option("--loads", how.loads, "times the capacity")->delimiter(',')->check(CLI::Range(.1, 100.));
  parser.add_option("--takes", how.takes, "ms of work of a request")
      ->delimiter(',')
      ->check(CLI::Range(.1, 1e3));
  parser.add_option("--deadlines", how.deadlines, "times as long as a request takes")
      ->delimiter(',')
      ->check(CLI::Range(1., 1000.));
  parser.add_option("--replicas", how.replicas, "how many serve")->delimiter(',')->check(CLI::Range(1, 20));
  parser.add_option("--callers", how.callers, "nodes that share the load")
      ->delimiter(',')
      ->check(CLI::Range(1, 200));
  parser.add_option("--placements", how.placements, "where the service runs")
      ->delimiter(',')
      ->check(CLI::IsMember({"pool", "event_loop", "thread"}));
  parser.add_option("--seconds", how.seconds, "of overload that are measured")->check(CLI::Range(1., 600.));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App parser("What a service still does in time when it is asked for more than it can do.");
  settings how;
  declare(parser, how);
  CLI11_PARSE(parser, argc, argv);
  signal(SIGPIPE, SIG_IGN);
  const auto folder =
      std::filesystem::temp_directory_path() / ("troupe-bench-goodput-" + std::to_string(::getpid()));
  std::printf("%-10s %6s %8s %8s %7s %5s %8s %8s %8s %12s\n", "placement", "takes", "deadline", "replicas",
              "callers", "load", "in time", "p50", "p99", "failed after");
  for (const auto& what : how.cells()) {
    auto on = stage::set(what, folder);
    if (!on) return std::fprintf(stderr, "bench_goodput: %s\n", on.error().text.c_str()), 1;
    const auto seen = (*on)->play(from_seconds(how.seconds));
    if (!seen) return std::fprintf(stderr, "bench_goodput: %s\n", seen.error().text.c_str()), 1;
    std::printf("%-10s %4gms %7gx %8u %7u %5g %7.1f%% %8s %8s %11.1f%%\n", what.runs_on.c_str(),
                what.takes_ms, what.deadline, what.replicas, what.callers, what.load, 100 * seen->goodput,
                format_duration(seen->p50).c_str(), format_duration(seen->p99).c_str(),
                100 * seen->failed_after);
    std::fflush(stdout);
  }
}
