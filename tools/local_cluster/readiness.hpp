// Waiting until the nodes of a local cluster serve: what is asked is the cluster itself, not its processes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/node/node.hpp>

#include "local_cluster.hpp"

namespace troupe::local {

/// An observer of the cluster: calls its services, and is nobody's member. Waits until it knows the members,
/// up to `limit`. Errors: unavailable.
result<node> observe(const local_cluster& of, duration limit = std::chrono::seconds(5));
/// The same through addresses of any of its nodes. `keyring`: the file of its gossip keys, where it has any.
result<node> observe(const std::string& cluster, const std::vector<std::string>& addresses,
                     const std::string& keyring, duration limit);

/// Returns once every node named (all, when none is) has said to another one that it is ready, in the life
/// that was started last. `progress` is told how many of them are, whenever that changes. Errors: aborted,
/// with the end of its log, when one of them has ended; deadline_exceeded, naming those that are missing.
result<void> wait_until_ready(const local_cluster& of, std::vector<std::string> names, duration limit,
                              const std::function<void(std::size_t ready, std::size_t all)>& progress = {});

/// The last `lines` lines of a log; fewer where there are fewer.
std::vector<std::string> end_of_log(const std::filesystem::path& log, std::size_t lines);

}  // namespace troupe::local
