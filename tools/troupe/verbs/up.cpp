// up: starts a cluster on this machine.
#include <memory>

#include "../output.hpp"
#include "../processes.hpp"
#include "local_cluster/readiness.hpp"

namespace troupe::command {

namespace {

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

}  // namespace

void add_up_verb(command_line& to) {
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
}

}  // namespace troupe::command
