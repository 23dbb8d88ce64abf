// What happens to the replicas while a policy is measured, and how it is undone.
#pragma once

#include <array>
#include <filesystem>
#include <local_cluster/local_cluster.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/node/node.hpp>

namespace troupe::choice {

enum class scenario : std::uint8_t {
  healthy,          // nothing: what the others are compared with
  slow,             // one replica takes 20 times as long
  sinkhole,         // one answers INTERNAL at once
  frozen,           // one is stopped (SIGSTOP), and goes on (SIGCONT) after half of the time
  cold_start,       // one more comes, 10 times as slow in its first 3 s
  rolling_restart,  // each in turn is ended (SIGTERM) and started again
};
inline constexpr std::array all_scenarios = {scenario::healthy,    scenario::slow,
                                             scenario::sinkhole,   scenario::frozen,
                                             scenario::cold_start, scenario::rolling_restart};

std::string_view to_string(scenario value);
/// In half a line, for people.
std::string_view description_of(scenario value);
/// The replica that it happens to; empty where it is all or none.
std::string_view affected_by(scenario value);

inline constexpr unsigned replicas = 5;

/// The replicas on this machine, and what is done to them.
class stage {
 public:
  /// Starts them and waits until they serve; all of it is below `folder`, and ends with this object or with
  /// the calling thread.
  static result<stage> set(const std::filesystem::path& folder);

  const local::local_cluster& cluster() const { return cluster_; }
  /// Where the servers' execution logs are.
  const std::filesystem::path& executions() const { return executions_; }

  /// Lets it happen, and returns after `length`, or later if it takes longer.
  result<void> play(scenario what, duration length);
  /// All as it was before.
  result<void> restore();
  /// Ends all replicas. Nothing else may be asked afterwards but `executions`.
  result<void> end();

 private:
  stage(local::local_cluster cluster, node control, std::filesystem::path executions)
      : cluster_(std::move(cluster)), control_(std::move(control)), executions_(std::move(executions)) {}

  result<void> behave(double slowness, bool failing);
  result<void> restart_each();

  local::local_cluster cluster_;
  node control_;
  std::filesystem::path executions_;
};

}  // namespace troupe::choice
