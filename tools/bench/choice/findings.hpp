// What the benchmark found: one row a scenario, policy and kind of calls, its rounds summed up by their
// medians.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "caller.hpp"
#include "execution_log.hpp"
#include "scenario.hpp"

namespace troupe::choice {

/// One slice.
struct observation {
  scenario what = scenario::healthy;
  std::string policy;
  kind calls = kind::idempotent;
  slices numbers;
  caller::measurement measured;
};

struct row {
  double calls = 0;
  double failed = 0;
  double p50_ms = 0;  // of the calls that were answered, from when they should have left
  double p99_ms = 0;
  double p999_ms = 0;
  std::optional<double> share;  // of all executions those by the affected replica, 0 to 1
  double attempts = 0;          // per call, by the router's count
  std::string first_failure;
};

struct findings {
  struct key {
    scenario what;
    std::size_t policy;  // index into `policies`
    kind calls;
    friend auto operator<=>(const key&, const key&) = default;
  };

  std::vector<std::string> policies;
  std::map<key, row> rows;
  std::uint64_t unsafe_executions = 0;  // settling ones as well
  std::uint64_t executed_again = 0;
};

findings sum_up(const std::vector<std::string>& policies, const std::vector<observation>& seen,
                const executions& executed);

std::string as_table(const findings& what);
std::string as_json(const findings& what, const load_plan& load, double seconds, unsigned rounds);

}  // namespace troupe::choice
