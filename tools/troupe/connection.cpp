#include "connection.hpp"

#include <algorithm>

#include "local_cluster/readiness.hpp"
#include "output.hpp"
#include "processes.hpp"

namespace troupe::command {

namespace {

constexpr duration describe_within = std::chrono::milliseconds(1000);
constexpr duration join_limit = std::chrono::seconds(5);

bool should_answer(const membership::member& one) {
  return one.state == membership::state::alive || one.state == membership::state::suspect;
}

}  // namespace

connection::connection(const common_options& common) : address_(common.address) {
  if (!address_.empty()) {
    if (const auto parts = split_host_port(address_); !parts) throw stopped(misused, parts.error().text);
    const auto here = local_cluster_at(address_);
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

std::vector<membership::member> connection::answering(const std::string& only) const {
  return only.empty() ? answering() : std::vector{asked(only)};
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

reflection::interface_view connection::describe(const std::string& service) const {
  std::string problem;
  for (const auto& one : serving(service)) {
    const auto told = admin().describe(service).on(one.self.node).within(describe_within).wait();
    if (told)
      return take(reflection::interface_view::load(service, told->getInterfaceId(), told->getNodes()));
    problem = told.error().explain();
  }
  throw stopped(failed, "nobody who serves " + service + " tells its schema; the last said\n" + problem);
}

}  // namespace troupe::command
