// What was executed, by the servers' own account: one file a process, one number an execution.
//
// It is written when an execution begins, with one write of the kernel's, so that it outlives a process that
// is stopped or killed. The benchmark reads all files at its end, and finds in them what it wants to know:
// which replica had which share of a slice, and whether an unsafe call was executed twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/result.hpp>

namespace troupe::choice {

/// Which calls belong together: those of one policy, scenario, round, kind, and part of it.
using slice_id = std::uint32_t;

/// A call's own number, unique in a run of the benchmark.
constexpr std::uint64_t call_number(slice_id slice, std::uint32_t nth) {
  return std::uint64_t{slice} << 32 | nth;
}
constexpr slice_id slice_of(std::uint64_t call) { return static_cast<slice_id>(call >> 32); }

class execution_log {
 public:
  /// A new file of this process, in `folder`. Throws std::runtime_error where it cannot be written.
  execution_log(const std::filesystem::path& folder, std::string_view node);
  execution_log(const execution_log&) = delete;
  execution_log& operator=(const execution_log&) = delete;
  ~execution_log();

  /// Throws std::runtime_error where the disk is full.
  void begins(std::uint64_t call);

 private:
  std::string path_;
  int file_ = -1;
};

struct execution {
  std::uint64_t call = 0;
  std::uint32_t node = 0;  // index into executions::nodes
};

struct executions {
  std::vector<std::string> nodes;
  std::vector<execution> all;  // by call, ascending

  /// The executions of one slice, and how many of them were at `node`.
  struct of_slice {
    std::uint64_t all = 0;
    std::uint64_t at_node = 0;
  };
  of_slice count(slice_id slice, std::string_view node) const;
  /// Calls of the slice that were executed more than once.
  std::uint64_t executed_again(slice_id slice) const;
};

/// Everything that the processes have written to `folder`. Errors: unavailable, data_loss, naming the file.
result<executions> read_executions(const std::filesystem::path& folder);

}  // namespace troupe::choice
