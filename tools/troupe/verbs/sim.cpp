// sim: virtual clusters.
#include "../command.hpp"
#include "simulator/command.hpp"

namespace troupe::command {

void add_sim_verb(command_line& to) { simulator::add_sim_verb(to.app, to.chosen); }

}  // namespace troupe::command
