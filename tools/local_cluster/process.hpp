// One process on this machine, named so that another one which got its number later is never meant.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <troupe/base/result.hpp>

namespace troupe::local {

/// A process id alone is reused; with the start time from /proc it is not.
struct process_id {
  pid_t pid = 0;
  std::uint64_t started = 0;  // clock ticks since boot

  friend bool operator==(const process_id&, const process_id&) = default;
};

enum class process_state : std::uint8_t { running, paused, exited };
std::string_view to_string(process_state value);

struct process_view {
  process_state state = process_state::exited;
  /// "exited with code 1", "killed by SIGKILL"; empty while it runs, and where nobody can know.
  std::string ending;
};

/// Whether a process ends when the thread that started it does: for tests and the demo.
enum class lifetime : bool { independent, bound };

struct process_order {
  std::filesystem::path program;
  std::vector<std::string> arguments;  // without the program's name
  std::filesystem::path log;           // stdout and stderr are appended to it
  local::lifetime lifetime = local::lifetime::independent;
};

/// Starts a process in its own process group (it hears neither the terminal's ^C nor its end: SIGHUP is
/// ignored), stdin from /dev/null, no signal blocked, and no file of the caller's open. Errors: what the
/// kernel said, with the program's name.
result<process_id> start_process(const process_order& order);

/// How it is now. Reaps it if it has ended and was started by this process.
process_view look_at(process_id which);

/// False where it has ended already.
bool send_signal(process_id which, int signal);

}  // namespace troupe::local
