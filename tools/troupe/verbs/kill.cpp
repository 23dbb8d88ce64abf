// kill: kills nodes at once (SIGKILL), as a crash would.
#include <csignal>

#include "../processes.hpp"

namespace troupe::command {

void add_kill_verb(command_line& to) {
  add_signal_verb(to, "kill", "Kills nodes at once (SIGKILL), as a crash would.", SIGKILL, "killed");
}

}  // namespace troupe::command
