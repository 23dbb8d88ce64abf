// One caller of the replicas: a node with its own router, a policy, and a steady load of one kind of calls.
//
// Each slice has new ones, so that no policy inherits what another one's calls have taught the router,
// ejections above all.
#pragma once

#include <atomic>
#include <cstdint>
#include <load_generator/steady_load.hpp>
#include <local_cluster/local_cluster.hpp>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include <troupe/balance/policy.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/node/node.hpp>

#include "choice.troupe.hpp"
#include "execution_log.hpp"

namespace troupe::choice {

/// What the router may do for a call.
enum class kind : std::uint8_t {
  idempotent,  // everything: retries, backups, hedges
  unsafe,      // choose well
};
std::string_view to_string(kind value);

struct load_plan {
  double per_second = 1500;
  duration work = std::chrono::milliseconds(5);  // mean of an exponential distribution
  std::uint64_t seed = 1;                        // of the work's draws: the same for each policy
};

/// The numbers of a caller's calls: those while it settles, and those that are measured.
struct slices {
  slice_id settling = 0;
  slice_id measured = 0;
};

class caller {
 public:
  struct measurement {
    load::summary calls;
    double attempts_per_call = 0;
    std::string first_failure;  // as a caller sees it; empty without one
  };

  /// Joins the cluster, takes the policy, and begins to call. Errors: of joining.
  static result<std::unique_ptr<caller>> begin(const local::local_cluster& cluster,
                                               balance::policy_kind policy, kind what, const load_plan& how,
                                               slices numbers);
  ~caller();

  /// What is called from now on is measured, until `stop_calling`; `finish` waits for the last answers.
  result<void> start_measuring();
  void stop_calling();
  result<measurement> finish();

 private:
  struct routed {
    std::uint64_t calls = 0;
    std::uint64_t attempts = 0;
  };

  caller(node made, kind what, const load_plan& how, slices numbers);
  void call(std::uint64_t nth, load::steady_load::done done);
  result<routed> router_counters() const;

  node node_;
  client<bench::Work> work_;
  kind kind_;
  slices slices_;
  std::mt19937_64 random_;  // of the load's thread
  std::exponential_distribution<double> seconds_;
  std::atomic<bool> measuring_{false};
  time_point from_{};
  time_point to_{};
  routed before_;
  std::unique_ptr<load::steady_load> load_;
};

}  // namespace troupe::choice
