// up, ps, kill, pause, resume, down: the processes of a cluster on this machine.
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "local_cluster/readiness.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

json to_json(const local::node_status& node) {
  return json::object({{"name", node.name},
                       {"group", node.group},
                       {"state", std::string(to_string(node.state))},
                       {"ending", node.ending},
                       {"pid", node.state == local::process_state::exited ? 0 : node.process.pid},
                       {"address", node.address},
                       {"log", node.log.string()}});
}

void print_nodes(const common_options& common, const local::local_cluster& of) {
  const auto nodes = of.nodes();
  if (common.format == format::json) {
    json all = json::array();
    for (const auto& node : nodes) all.push_back(to_json(node));
    return print_json(json::object({{"cluster", of.name()}, {"nodes", std::move(all)}}));
  }
  table shown({{"NODE"}, {"STATE"}, {"PID", align::right}, {"ADDRESS"}, {""}});
  for (const auto& node : nodes) {
    const std::string state(to_string(node.state));
    shown.add({node.name,
               {state, colour_of_state(state)},
               node.state == local::process_state::exited ? "-" : std::to_string(node.process.pid),
               node.address,
               node.ending});
  }
  shown.print();
}

struct up_options {
  std::string path;
  std::string log_level = "info";
  duration limit = std::chrono::seconds(30);
};

void up(const common_options& common, const up_options& options) {
  if (!common.address.empty())
    throw stopped(misused, "up starts processes on this machine: leave --address out");
  auto file = local::read_cluster_file(options.path);
  if (!file) throw stopped(not_started, file.error().text);
  if (!common.cluster.empty()) file->name = common.cluster;
  auto made = local::local_cluster::up(
      *file, {.folder = local::default_folder(file->name), .log_level = options.log_level});
  if (!made) throw stopped(not_started, made.error().text);

  progress_line progress;
  const auto show = [&](std::size_t ready, std::size_t all) {
    progress.show(made->name() + ": " + std::to_string(ready) + " of " + std::to_string(all) +
                  " nodes ready");
  };
  show(0, made->nodes().size());
  const auto ready = local::wait_until_ready(*made, {}, options.limit, show);
  progress.end();
  if (!ready) {
    (void)made->down(std::chrono::seconds(2));
    throw stopped(not_started, ready.error().text + "\ncluster " + made->name() + " was ended again");
  }
  print_nodes(common, *made);
}

void down(const common_options& common, duration limit) {
  auto here = local_cluster_of(common);
  const auto count = here.nodes().size();
  const auto forced = take(here.down(limit));
  if (!forced.empty())
    std::fprintf(stderr, "troupe: killed, as they had not ended after %s: %s\n",
                 format_duration(limit).c_str(), joined(forced).c_str());
  print_outcome(common, here.name() + ": ended " + std::to_string(count) + " nodes",
                json::object({{"cluster", here.name()}, {"ended", count}, {"killed", forced}}));
}

/// Does the same to each node named, and says so.
void signal_nodes(const common_options& common, const std::vector<std::string>& names, int signal,
                  const std::string& past) {
  auto here = local_cluster_of(common);
  for (const auto& name : names) (void)take(here.find(name));  // all or none
  json all = json::array();
  for (const auto& name : names) {
    take(here.kill(name, signal));
    all.push_back(name);
    if (common.format == format::table) std::printf("%s %s\n", name.c_str(), past.c_str());
  }
  if (common.format == format::json) print_json(json::object({{past, std::move(all)}}));
}

void add_signal_verb(command_line& to, const std::string& name, const std::string& what, int signal,
                     const std::string& past) {
  const auto nodes = std::make_shared<std::vector<std::string>>();
  to.verb(name, what, "  troupe " + name + " cart-2\n  troupe " + name + " cart-2 cart-3\n",
          [&common = to.common, nodes, signal, past] { signal_nodes(common, *nodes, signal, past); })
      ->add_option("NODE", *nodes, "names, as troupe ps shows them")
      ->required();
}

}  // namespace

void add_process_verbs(command_line& to) {
  const auto wanted = std::make_shared<up_options>();
  auto* verb = to.verb("up", "Starts a cluster on this machine, and waits until every node is ready.",
                       "  troupe up examples/shop                  a folder with a cluster.toml\n"
                       "  troupe up shop.toml --cluster other      under another name\n"
                       "  troupe up shop.toml -o json              with pids and addresses\n",
                       [&common = to.common, wanted] { up(common, *wanted); });
  verb->add_option("PATH", wanted->path, "a cluster file, or a folder with a cluster.toml")->required();
  verb->add_option("--log-level", wanted->log_level, "of the nodes: trace, debug, info, warn, error, off")
      ->capture_default_str();
  add_duration(verb, "--timeout", wanted->limit, "how long it may take (30s)");

  to.verb("ps", "Shows the processes of the cluster.", "  troupe ps\n  troupe ps -o json | jq .nodes[].pid\n",
          [&common = to.common] { print_nodes(common, local_cluster_of(common)); });

  add_signal_verb(to, "kill", "Kills nodes at once (SIGKILL), as a crash would.", SIGKILL, "killed");
  add_signal_verb(to, "pause", "Freezes nodes (SIGSTOP), as an overloaded machine would.", SIGSTOP, "paused");
  add_signal_verb(to, "resume", "Lets frozen nodes go on (SIGCONT).", SIGCONT, "resumed");

  const auto limit = std::make_shared<duration>(local::stop_limit);
  verb = to.verb("down", "Ends the cluster: its nodes drain and leave; nothing is left behind.",
                 "  troupe down\n  troupe down --timeout 1s       kill after a second what has not ended\n",
                 [&common = to.common, limit] { down(common, *limit); });
  add_duration(verb, "--timeout", *limit, "when to kill what has not ended (15s)");
}

}  // namespace troupe::command
