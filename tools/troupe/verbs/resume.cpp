// resume: lets frozen nodes go on (SIGCONT).
#include <csignal>

#include "../processes.hpp"

namespace troupe::command {

void add_resume_verb(command_line& to) {
  add_signal_verb(to, "resume", "Lets frozen nodes go on (SIGCONT).", SIGCONT, "resumed");
}

}  // namespace troupe::command
