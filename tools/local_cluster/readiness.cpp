#include "readiness.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include <troupe/admin.troupe.hpp>

namespace troupe::local {

namespace {

constexpr auto poll = std::chrono::milliseconds(10);
constexpr duration ask_within = std::chrono::milliseconds(300);
constexpr std::size_t log_lines_shown = 20;

/// The names that `who` calls alive and ready, in the life that was started last.
std::set<std::string> ready_according_to(const node& observer, node_id who,
                                         const std::vector<node_status>& nodes) {
  std::set<std::string> ready;
  const auto told = observer.client<admin::Admin>().members().on(who).within(ask_within).wait();
  if (!told) return ready;
  for (const auto member : told->getMembers())
    for (const auto& node : nodes)
      if (node.name == member.getName().cStr() && member.getState() == "alive" &&
          member.getMode() == "ready" && static_cast<std::int64_t>(member.getEpoch()) >= node.started_micros)
        ready.insert(node.name);
  return ready;
}

error died(const node_status& node) {
  std::string text = node.name + " has ended" + (node.ending.empty() ? "" : " (" + node.ending + ")") +
                     "; its log ends with:";
  for (const auto& line : end_of_log(node.log, log_lines_shown)) text += "\n  " + line;
  return {code::aborted, std::move(text)};
}

std::string listed(const std::vector<std::string>& names, const std::set<std::string>& without) {
  std::string text;
  for (const auto& name : names)
    if (!without.contains(name)) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

result<node> observe(const std::string& cluster, const std::vector<std::string>& addresses,
                     const std::string& keyring, duration limit) {
  if (addresses.empty())
    return error{code::unavailable, "no node of cluster " + cluster + " runs: see troupe ps"};
  const auto end = std::chrono::steady_clock::now() + limit;
  try {
    node observer({.cluster = cluster,
                   .join = addresses,
                   .keyring = keyring,
                   .role = gossip::role::observer,
                   .pool_threads = 1,
                   .log_level = "off"});
    while (!observer.joined()) {
      if (std::chrono::steady_clock::now() >= end)
        return error{
            code::unavailable,
            "nobody answers as a member of cluster '" + cluster + "' at " + addresses.front() +
                (addresses.size() > 1 ? " or at " + std::to_string(addresses.size() - 1) + " other addresses"
                                      : "") +
                " within " + format_duration(limit) + ": check that it runs, the cluster's name, and " +
                (keyring.empty() ? "whether its gossip is sealed (--keyring)" : "the keys in " + keyring)};
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return observer;
  } catch (const start_error& problem) {
    return error{problem.code(), problem.what()};
  }
}

result<node> observe(const local_cluster& of, duration limit) {
  return observe(of.name(), of.addresses(), of.keyring(), limit);
}

result<void> wait_until_ready(const local_cluster& of, std::vector<std::string> names, duration limit,
                              const std::function<void(std::size_t, std::size_t)>& progress) {
  const auto end = std::chrono::steady_clock::now() + limit;
  if (names.empty())
    for (const auto& node : of.nodes()) names.push_back(node.name);
  std::optional<node> observer;
  std::set<std::string> ready;
  for (;;) {
    const auto nodes = of.nodes();
    std::vector<node_status> asked;
    for (const auto& node : nodes) {
      const bool waited_for = std::find(names.begin(), names.end(), node.name) != names.end();
      if (node.state == process_state::exited && waited_for) return died(node);
      if (node.state == process_state::running) asked.push_back(node);
    }
    // Best somebody who is not waited for: what the others see is what counts.
    std::stable_partition(asked.begin(), asked.end(), [&](const auto& node) {
      return std::find(names.begin(), names.end(), node.name) == names.end();
    });
    if (!observer && !asked.empty()) {
      if (auto made =
              observe(of.name(), {asked.front().address}, of.keyring(), std::chrono::milliseconds(500)))
        observer.emplace(std::move(*made));
    }
    if (observer && !asked.empty()) {
      const auto before = ready.size();
      const auto seen = ready_according_to(*observer, node_id_of(of.name(), asked.front().name), nodes);
      ready.clear();
      for (const auto& name : names)
        if (seen.contains(name)) ready.insert(name);
      if (progress && ready.size() != before) progress(ready.size(), names.size());
      if (ready.size() == names.size()) return {};
    }
    if (std::chrono::steady_clock::now() >= end)
      return error{code::deadline_exceeded, "not ready after " + format_duration(limit) + ": " +
                                                listed(names, ready) + " (see troupe logs)"};
    std::this_thread::sleep_for(poll);
  }
}

std::vector<std::string> end_of_log(const std::filesystem::path& log, std::size_t lines) {
  std::ifstream file(log);
  std::vector<std::string> all;
  for (std::string line; std::getline(file, line);) {
    all.push_back(std::move(line));
    if (all.size() > 2 * lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
  }
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
  return all;
}

}  // namespace troupe::local
