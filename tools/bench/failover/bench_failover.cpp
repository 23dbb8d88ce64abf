// What a caller notices when one of three replicas is killed, or frozen, under a steady load: three processes
// of examples/hello, open loop, latency counted from when each call should have left.
//
//   tools/bench_failover --rate 5000 --rounds 5
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <load_generator/steady_load.hpp>
#include <local_cluster/local_cluster.hpp>
#include <local_cluster/readiness.hpp>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <signal.h>

#include <troupe/actor/clock.hpp>

#include "hello.troupe.hpp"

namespace {

using namespace std::chrono_literals;
using namespace troupe;

struct round_result {
  load::summary before;
  load::summary around;
  std::uint64_t failed = 0;
  duration shunned_after{0};
};

result<round_result> run_round(double rate, int signal_number, const std::filesystem::path& folder) {
  auto file = local::read_cluster_file(TROUPE_HELLO_EXAMPLE);
  if (!file) return file.error();
  for (auto& group : file->groups) group.replicas = 3;
  auto cluster = local::local_cluster::up(
      *file, {.folder = folder, .lifetime = local::lifetime::bound, .log_level = "error"});
  if (!cluster) return cluster.error();
  if (const auto ready = local::wait_until_ready(*cluster, {}, 20s); !ready) return ready.error();
  auto caller = local::observe(*cluster);
  if (!caller) return caller.error();
  const auto greeter = caller->client<hello::Greeter>();
  round_result found;
  {
    load::steady_load load(rate, [&greeter](std::uint64_t, load::steady_load::done done) {
      greeter.greet("ann").then([done = std::move(done)](auto reply) {
        if (reply) return done(code::ok, "");
        done(reply.error().code, reply.error().explain());
      });
    });
    std::this_thread::sleep_for(3s);
    const auto struck = actor::now();
    if (const auto hit = cluster->kill("greeter-2", signal_number); !hit) return hit.error();
    for (bool chosen = true; chosen && actor::now() < struck + 5s;) {
      const auto told = caller->explain("hello.Greeter");
      if (!told) return told.error();
      for (const auto& candidate : told->candidates)
        if (candidate.name == "greeter-2") chosen = candidate.why.empty();
      found.shunned_after = actor::now() - struck;
      std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_until(std::chrono::steady_clock::now() + 2s);
    load.stop_sending();
    (void)load.drained(5s);
    found.before = load.records().over(struck - 2s, struck);
    found.around = load.records().over(struck - 200ms, struck + 800ms);
    found.failed = load.records().failed() + load.sent() - load.records().ended();
    for (const auto& failure : load.records().failures()) std::fprintf(stderr, "%s\n", failure.c_str());
  }
  (void)cluster->down();
  return found;
}

duration median(std::vector<duration> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App parser(
      "Kills and freezes one of three replicas under a steady load, and shows what the caller noticed.");
  double rate = 5000;
  int rounds = 5;
  parser.add_option("--rate", rate, "calls a second")->check(CLI::Range(1., 100'000.));
  parser.add_option("--rounds", rounds, "of each kind; medians are shown")->check(CLI::Range(1, 100));
  CLI11_PARSE(parser, argc, argv);
  signal(SIGPIPE, SIG_IGN);
  const auto folder =
      std::filesystem::temp_directory_path() / ("troupe-bench-failover-" + std::to_string(::getpid()));
  std::printf("%g calls/s, 3 replicas, medians of %d rounds\n\n", rate, rounds);
  std::printf("%-8s %8s %12s %16s %14s %14s\n", "", "failed", "p99 before", "p99 around it", "worst",
              "shunned after");
  for (const auto& [name, number] : {std::pair{"SIGKILL", SIGKILL}, std::pair{"SIGSTOP", SIGSTOP}}) {
    std::uint64_t failed = 0;
    std::vector<duration> before, around, worst, shunned;
    for (int round = 0; round < rounds; ++round) {
      const auto found = run_round(rate, number, folder);
      if (!found) return std::fprintf(stderr, "bench_failover: %s\n", found.error().text.c_str()), 1;
      failed += found->failed;
      before.push_back(found->before.p99);
      around.push_back(found->around.p99);
      worst.push_back(found->around.worst);
      shunned.push_back(found->shunned_after);
    }
    std::printf("%-8s %8llu %12s %16s %14s %14s\n", name, static_cast<unsigned long long>(failed),
                format_duration(median(before)).c_str(), format_duration(median(around)).c_str(),
                format_duration(median(worst)).c_str(), format_duration(median(shunned)).c_str());
  }
}
