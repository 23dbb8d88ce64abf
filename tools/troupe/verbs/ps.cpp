// ps: the processes of a cluster on this machine.
#include "../processes.hpp"

namespace troupe::command {

void add_ps_verb(command_line& to) {
  to.verb("ps", "Shows the processes of the cluster.", "  troupe ps\n  troupe ps -o json | jq .nodes[].pid\n",
          [&common = to.common] { print_nodes(common, local_cluster_of(common)); });
}

}  // namespace troupe::command
