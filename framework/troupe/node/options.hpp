// How a node is set up: from code, from a TOML file, from the command line, each overriding the one before.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/gossip/gossip_options.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/serving/server_options.hpp>
#include <troupe/transport/keep_alive.hpp>
#include <troupe/transport/link_limits.hpp>

namespace troupe {

/// Which timing membership uses. `automatic` is `local` when the node listens on a loopback address.
enum class membership_profile : std::uint8_t { automatic, local, lan };
enum class fault_injection : bool { refused, allowed };

struct node_options {
  /// Who this is, unique in the cluster; 1 to 64 characters. Empty: host name, process id and a random tail.
  /// A node that restarts under its name takes its predecessor's place at once.
  std::string name;
  /// Nodes of different clusters refuse each other. 1 to 64 characters.
  std::string cluster = "troupe";
  /// Where to listen, TCP and UDP on one port; port 0 picks a free one.
  std::string listen = "127.0.0.1:0";
  /// What others dial, where that differs from `listen` (0.0.0.0, NAT). Empty: the same.
  std::string advertise;
  /// Addresses of any members of the cluster, "host:port", names too. None: this node begins a cluster.
  std::vector<std::string> join;
  /// Where this node is, for preferring near replicas. Empty: unknown.
  std::string zone;
  /// The file of the gossip keys: see crypto/ring.hpp, and `troupe keys`. The node writes it when they
  /// change. Empty: keys are in memory only, and a change of them is to be written where `gossip_key` comes
  /// from.
  std::string keyring;
  /// The gossip key, where there is no such file (yet). Neither: gossip is open to everybody who reaches it.
  std::string gossip_key;
  gossip::role role = gossip::role::member;

  /// Threads for services placed on the pool. 1 to 256.
  std::size_t pool_threads = 2;
  /// How long a stopping node waits for requests under way.
  duration drain_limit = std::chrono::seconds(10);
  /// trace, debug, info, warn, error or off.
  std::string log_level = "info";
  /// Whether the admin service may make services slow or failing (`troupe fault`). For experiments only.
  fault_injection faults = fault_injection::refused;

  membership_profile profile = membership_profile::automatic;
  serving::server_options server;
  routing::options routing;
  transport::link_limits links;
  transport::keep_alive_options keep_alive;

  /// Errors: invalid_argument, naming the option, its value and its bounds.
  result<void> validate() const;
};

/// Overrides `options` by what the file's tables [node] and [service."NAME"] say. Errors: not_found for a
/// file that is not there; invalid_argument for one that is no TOML, or has a key or a value that means
/// nothing, with line and column.
result<void> read_options_file(const std::string& path, node_options& options);

/// What a command line says.
struct command_line {
  node_options options;
  /// What was not an option of the node's: the program's own.
  std::vector<std::string> arguments;
  /// Set when the program should print this and end: the help text.
  std::string help;
};
/// Precedence: `defaults`, then the file of --config, then the other options. Errors as above.
result<command_line> read_command_line(int argc, const char* const* argv, const node_options& defaults);

}  // namespace troupe
