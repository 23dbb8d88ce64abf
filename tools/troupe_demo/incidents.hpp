// What the demo does to the cluster, one thing after the other, and what each did to the callers.
#pragma once

#include <functional>
#include <load_generator/recorder.hpp>
#include <optional>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

#include "stage.hpp"

namespace troupe::demo {

struct incident {
  std::string name;                        // "kill"
  std::string what;                        // "SIGKILL to shard0-1"
  load::summary before;                    // the two seconds before it
  load::summary around;                    // the second that begins with it
  load::summary during;                    // all of it
  duration added_p99{0};                   // around's p99 above before's; at least 0
  std::optional<duration> shunned_after;   // until the callers chose it no more
  std::optional<duration> dead_after;      // until membership said so
  std::optional<duration> serving_after;   // until it served (again)
  std::optional<std::uint64_t> sent_late;  // bytes sent to it after its first frozen second
  std::string remark;
};

/// The only node that stays down in the end.
inline constexpr const char* killed_node = "shard0-1";

/// `say` is told what happens, as it happens.
using narrator = std::function<void(const std::string&)>;

/// All of them in their order. `length`: about how long each is watched.
result<std::vector<incident>> run_incidents(stage& on, duration length, const narrator& say);

}  // namespace troupe::demo
