// The cluster under the demo's load, and what can be seen of it from outside: members, shares, links.
#pragma once

#include <cstdint>
#include <filesystem>
#include <load_generator/steady_load.hpp>
#include <local_cluster/local_cluster.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/node/node.hpp>

namespace troupe::demo {

struct settings {
  double queries_per_second = 200;
  double clicks_per_second = 20;
  std::filesystem::path cluster_file;
};

/// How a caller sees one replica, by its router's own word.
struct replica_view {
  bool known = false;
  bool shunned = true;  // not chosen now, for whatever reason
  std::string state;    // "healthy", or why not
};

class stage {
 public:
  /// Starts the cluster in a temporary folder and the load on it. Errors: as a sentence.
  static result<std::unique_ptr<stage>> set(const settings& how);
  ~stage();
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  local::local_cluster& cluster() { return *cluster_; }
  const load::recorder& queries() const { return queries_->records(); }
  const load::recorder& clicks() const { return clicks_->records(); }
  std::uint64_t queries_sent() const { return queries_->sent(); }
  std::uint64_t clicks_sent() const { return clicks_->sent(); }
  std::vector<std::string> members() const;
  std::string member_state(const std::string& node) const;

  /// How the fronts' routers see `node` as a replica of `service`: shunned when all of them do.
  replica_view seen_by_fronts(const std::string& service, const std::string& node) const;
  /// Bytes that the fronts have sent to `node` on their links.
  std::uint64_t sent_to(const std::string& node) const;
  /// Requests that each shard replica has taken since it started. Absent where it does not answer.
  std::map<std::string, std::uint64_t> requests() const;
  result<void> slow(const std::string& node, const std::string& service, duration delay) const;
  /// Ends the load; then asks how many clicks were executed more than once.
  result<std::uint64_t> executed_twice();

 private:
  stage(local::local_cluster cluster, node observer, std::filesystem::path folder);
  void begin(const settings& how);
  std::optional<node_id> id_of(const std::string& node) const;
  std::vector<node_id> fronts() const;

  std::filesystem::path folder_;
  std::optional<local::local_cluster> cluster_;
  node observer_;
  std::unique_ptr<load::steady_load> queries_;
  std::unique_ptr<load::steady_load> clicks_;
};

}  // namespace troupe::demo
