// An example's cluster, running for one test.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <local_cluster/local_cluster.hpp>
#include <local_cluster/readiness.hpp>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <troupe/node/node.hpp>

namespace troupe::test {

/// What a step of the test cannot go on without.
template <class T>
T required(troupe::result<T> got) {
  if (!got) FAIL(got.error().describe());
  return std::move(*got);
}

/// The cluster of examples/<name>, ready; its processes end with it.
class example {
 public:
  /// `replicas`: of each group, where the cluster file's own number will not do.
  explicit example(const std::string& name, const std::vector<std::string>& more_arguments = {},
                   std::optional<unsigned> replicas = std::nullopt) {
    const auto* source = std::getenv("TROUPE_SOURCE_DIR");
    REQUIRE_MESSAGE(source != nullptr, "run it by ctest, or set TROUPE_SOURCE_DIR");
    auto file = required(troupe::local::read_cluster_file(std::filesystem::path(source) / "examples" / name));
    for (auto& group : file.groups) group.replicas = replicas.value_or(group.replicas);
    for (auto& group : file.groups)
      if (group.name.starts_with("shard"))
        group.arguments.insert(group.arguments.end(), more_arguments.begin(), more_arguments.end());
    folder_ =
        std::filesystem::temp_directory_path() / ("troupe-test-" + name + "-" + std::to_string(::getpid()));
    cluster_.emplace(required(troupe::local::local_cluster::up(
        file, {.folder = folder_, .lifetime = troupe::local::lifetime::bound, .log_level = "warn"})));
    if (const auto ready = troupe::local::wait_until_ready(*cluster_, {}, std::chrono::seconds(20)); !ready)
      FAIL(ready.error().describe());
    node_.emplace(required(troupe::local::observe(*cluster_)));
  }
  ~example() {
    node_.reset();
    (void)cluster_->down(std::chrono::seconds(5));
  }

  troupe::node& node() { return *node_; }
  troupe::local::local_cluster& cluster() { return *cluster_; }
  void kill(const std::string& name) {
    const auto killed = cluster_->kill(name, SIGKILL);
    REQUIRE_MESSAGE(killed, (killed ? "" : killed.error().describe()));
  }
  std::vector<troupe::node_id> members(const std::string& group) {
    std::vector<troupe::node_id> found;
    for (const auto& each : node_->members())
      if (each.name.starts_with(group + "-")) found.push_back(each.self.node);
    return found;
  }

 private:
  std::filesystem::path folder_;
  std::optional<troupe::local::local_cluster> cluster_;
  std::optional<troupe::node> node_;
};

}  // namespace troupe::test
