#include "connection.hpp"

#include <algorithm>
#include <filesystem>

#include "local_cluster/readiness.hpp"
#include "output.hpp"
#include "reflection.hpp"

namespace troupe::command {

namespace {

namespace fs = std::filesystem;

constexpr duration describe_within = std::chrono::milliseconds(1000);
constexpr duration join_limit = std::chrono::seconds(5);

std::vector<std::string> clusters_here() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& one : fs::directory_iterator(fs::path(".troupe"), ignored))
    if (fs::exists(one.path() / "state.json", ignored)) names.push_back(one.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// The cluster of this folder that has a node at the address.
std::optional<local::local_cluster> cluster_at(const std::string& address) {
  for (const auto& name : clusters_here())
    if (auto one = local::local_cluster::open(local::default_folder(name)))
      for (const auto& node : one->nodes())
        if (node.address == address) return std::move(*one);
  return std::nullopt;
}

bool should_answer(const membership::member& one) {
  return one.state == membership::state::alive || one.state == membership::state::suspect;
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

connection::connection(const common_options& common) : address_(common.address) {
  if (!address_.empty()) {
    if (const auto parts = split_host_port(address_); !parts) throw stopped(misused, parts.error().text);
    const auto here = cluster_at(address_);
    cluster_ = !common.cluster.empty() ? common.cluster : here ? here->name() : node_options{}.cluster;
    keyring_ = common.keyring.empty() && here ? here->keyring() : common.keyring;
    observer_.emplace(take(local::observe(cluster_, {address_}, keyring_, join_limit), nothing_there));
    return;
  }
  const auto here = local_cluster_of(common);
  cluster_ = here.name();
  for (const auto& node : here.nodes())
    if (node.state != local::process_state::running) silent_.push_back(node.name);
  const auto addresses = here.addresses();
  if (addresses.empty())
    throw stopped(nothing_there,
                  "no node of cluster " + cluster_ + " runs: troupe ps, then troupe restart NODE");
  keyring_ = common.keyring.empty() ? here.keyring() : common.keyring;
  observer_.emplace(take(local::observe(cluster_, addresses, keyring_, join_limit)));
}

std::vector<membership::member> connection::members() const {
  auto all = observer_->members();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

std::vector<membership::member> connection::answering() const {
  auto all = members();
  std::erase_if(all, [](const auto& one) { return !should_answer(one); });
  const auto rank = [&](const membership::member& one) {
    if (!address_.empty() && to_string(one.address) == address_) return 0;
    if (std::find(silent_.begin(), silent_.end(), one.name) != silent_.end()) return 3;
    return one.state == membership::state::alive ? 1 : 2;
  };
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return all;
}

node_id connection::require(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& one : members()) {
    if (one.name == name) return one.self.node;
    if (should_answer(one)) names.push_back(one.name);
  }
  throw stopped(nothing_there,
                "cluster " + cluster_ + " has no node '" + name + "'; there are " + joined(names));
}

membership::member connection::asked(const std::string& from) const {
  const auto all = answering();
  if (!from.empty()) {
    const auto id = require(from);
    for (const auto& one : all)
      if (one.self.node == id) return one;
    throw stopped(nothing_there, from + " is not there any more: see troupe members");
  }
  if (all.empty()) throw stopped(nothing_there, "nobody is alive in cluster " + cluster_);
  return all.front();
}

std::vector<membership::member> connection::serving(const std::string& service) const {
  std::vector<membership::member> found;
  std::vector<std::string> known;
  for (auto& one : answering())
    for (const auto& offered : one.document.services) {
      if (offered.name == service) found.push_back(one);
      if (std::find(known.begin(), known.end(), offered.name) == known.end()) known.push_back(offered.name);
    }
  if (!found.empty()) return found;
  std::sort(known.begin(), known.end());
  throw stopped(nothing_there,
                "nobody in cluster " + cluster_ + " serves '" + service + "'; there are " + joined(known));
}

interface_view connection::describe(const std::string& service) const {
  std::string problem;
  for (const auto& one : serving(service)) {
    const auto told = admin().describe(service).on(one.self.node).within(describe_within).wait();
    if (told) return take(interface_view::load(service, *told));
    problem = told.error().explain();
  }
  throw stopped(failed, "nobody who serves " + service + " tells its schema; the last said\n" + problem);
}

}  // namespace troupe::command
