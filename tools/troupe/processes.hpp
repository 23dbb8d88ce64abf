// The command's view of the clusters on this machine: their processes, whether or not they answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "local_cluster/local_cluster.hpp"

namespace troupe::command {

/// The cluster of this machine that is meant: --cluster, or the only one under .troupe. Throws stopped.
local::local_cluster local_cluster_of(const common_options& common);
/// The cluster of this folder that has a node at the address.
std::optional<local::local_cluster> local_cluster_at(const std::string& address);

/// Waits until these nodes are ready. Throws stopped where they are not after 30 s.
void await_ready(const local::local_cluster& here, std::vector<std::string> names);

/// Every node, with its state.
void print_nodes(const common_options& common, const local::local_cluster& of);

/// A verb that sends `signal` to each node named. `past` says it afterwards: "paused".
void add_signal_verb(command_line& to, const std::string& name, const std::string& what, int signal,
                     const std::string& past);

}  // namespace troupe::command
