// pause: freezes nodes (SIGSTOP), as an overloaded machine would.
#include <csignal>

#include "../processes.hpp"

namespace troupe::command {

void add_pause_verb(command_line& to) {
  add_signal_verb(to, "pause", "Freezes nodes (SIGSTOP), as an overloaded machine would.", SIGSTOP, "paused");
}

}  // namespace troupe::command
