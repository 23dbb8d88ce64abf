#include "processes.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "local_cluster/readiness.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr duration ready_limit = std::chrono::seconds(30);

std::vector<std::string> clusters_here() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& one : fs::directory_iterator(fs::path(".troupe"), ignored))
    if (fs::exists(one.path() / "state.json", ignored)) names.push_back(one.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

json to_json(const local::node_status& node) {
  return json::object({{"name", node.name},
                       {"group", node.group},
                       {"state", std::string(to_string(node.state))},
                       {"ending", node.ending},
                       {"pid", node.state == local::process_state::exited ? 0 : node.process.pid},
                       {"address", node.address},
                       {"log", node.log.string()}});
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

}  // namespace

local::local_cluster local_cluster_of(const common_options& common) {
  if (!common.address.empty())
    throw stopped(misused, "this verb works on the processes of this machine: leave --address out");
  const auto names = clusters_here();
  auto name = common.cluster;
  if (name.empty() && names.empty())
    throw stopped(nothing_there, "no cluster is up here (there is no .troupe folder in " +
                                     fs::current_path().string() + "): start one with troupe up PATH");
  if (name.empty() && names.size() > 1)
    throw stopped(misused, "several clusters are up: say --cluster with one of " + joined(names));
  if (name.empty()) name = names.front();
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw stopped(nothing_there, "cluster '" + name + "' is not up here" +
                                     (names.empty() ? "" : "; there are " + joined(names)) +
                                     ": start it with troupe up PATH");
  return take(local::local_cluster::open(local::default_folder(name)));
}

std::optional<local::local_cluster> local_cluster_at(const std::string& address) {
  for (const auto& name : clusters_here())
    if (auto one = local::local_cluster::open(local::default_folder(name)))
      for (const auto& node : one->nodes())
        if (node.address == address) return std::move(*one);
  return std::nullopt;
}

void await_ready(const local::local_cluster& here, std::vector<std::string> names) {
  if (const auto ready = local::wait_until_ready(here, std::move(names), ready_limit); !ready)
    throw stopped(failed, ready.error().text);
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

void add_signal_verb(command_line& to, const std::string& name, const std::string& what, int signal,
                     const std::string& past) {
  const auto nodes = std::make_shared<std::vector<std::string>>();
  to.verb(name, what, "  troupe " + name + " cart-2\n  troupe " + name + " cart-2 cart-3\n",
          [&common = to.common, nodes, signal, past] { signal_nodes(common, *nodes, signal, past); })
      ->add_option("NODE", *nodes, "names, as troupe ps shows them")
      ->required();
}

}  // namespace troupe::command
