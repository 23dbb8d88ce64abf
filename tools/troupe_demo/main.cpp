// The demo: a search cluster over this machine's own texts, a steady load on it, and five things that go
// wrong with its processes. At the end, what the callers noticed.
//
//   troupe-demo                   about a minute
//   troupe-demo --quick           half a minute
//   troupe-demo -o json           the result as JSON on stdout; everything else is on stderr
#include <cstdio>
#include <filesystem>
#include <local_cluster/readiness.hpp>
#include <memory>

#include <CLI/CLI.hpp>
#include <signal.h>

#include <troupe/actor/clock.hpp>

#include "incidents.hpp"
#include "live_view.hpp"
#include "report.hpp"
#include "stage.hpp"

namespace {

enum exit_code : int { passed = 0, calls_failed = 1, not_run = 2 };

void say(const std::string& text) { std::fprintf(stderr, "\n== %s\n", text.c_str()); }

}  // namespace

int main(int argc, char** argv) {
  using namespace troupe;
  CLI::App parser(
      "Runs a cluster, breaks it in five ways, and shows what its callers noticed.\n"
      "Exit codes: 0 no idempotent call failed and no unsafe one was executed twice, 1 otherwise, 2 it "
      "could not be run.");
  bool quick = false;
  std::string format = "table";
  demo::settings how;
  how.cluster_file = TROUPE_SEARCH_EXAMPLE;
  parser.add_flag("--quick", quick, "half a minute instead of one");
  parser.add_option("-o,--output", format, "table or json")->check(CLI::IsMember({"table", "json"}));
  parser.add_option("--rate", how.queries_per_second, "queries a second")->check(CLI::Range(1., 100'000.));
  CLI11_PARSE(parser, argc, argv);
  signal(SIGPIPE, SIG_IGN);

  say("starting a cluster from " + how.cluster_file.string());
  auto set = demo::stage::set(how);
  if (!set) return std::fprintf(stderr, "troupe-demo: %s\n", set.error().text.c_str()), not_run;
  auto& on = **set;
  demo::findings found;
  found.processes = on.cluster().nodes().size();
  say(std::to_string(found.processes) + " processes serve; a steady load of queries and clicks begins");
  const auto begun = actor::now();
  {
    const demo::live_view view(on);
    std::this_thread::sleep_for(quick ? std::chrono::milliseconds(2500) : std::chrono::seconds(5));
    auto incidents = demo::run_incidents(on, quick ? std::chrono::seconds(4) : std::chrono::seconds(10), say);
    if (!incidents) return std::fprintf(stderr, "troupe-demo: %s\n", incidents.error().text.c_str()), not_run;
    found.incidents = std::move(*incidents);
  }
  // A process that ended without being told to is nothing to be balanced away.
  for (const auto& node : on.cluster().nodes()) {
    if (node.state != local::process_state::exited || node.name == demo::killed_node) continue;
    std::fprintf(stderr, "troupe-demo: %s has ended by itself: %s\n", node.name.c_str(), node.ending.c_str());
    for (const auto& line : local::end_of_log(node.log, 5)) std::fprintf(stderr, "  %s\n", line.c_str());
    return not_run;
  }
  const auto twice = on.executed_twice();
  if (!twice) return std::fprintf(stderr, "troupe-demo: %s\n", twice.error().text.c_str()), not_run;
  found.executed_twice = *twice;
  found.length = actor::now() - begun;
  found.calls = on.queries_sent();
  // A call that never ended at all would be the worst of failures.
  found.failed = on.queries().failed() + (on.queries_sent() - on.queries().ended());
  found.all = on.queries().over(begun, actor::now());
  found.unsafe_calls = on.clicks_sent();
  found.unsafe_failed = on.clicks().failed();
  found.failures = on.queries().failures();
  std::printf("%s\n", (format == "json" ? demo::as_json(found) : demo::as_table(found)).c_str());
  return found.passed() ? passed : calls_failed;
}
