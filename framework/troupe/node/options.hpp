// How a node is set up: from code, from a TOML file, from the command line, each overriding the one before.
//
// What each option is, and its bounds, stands in the lists of the rooms; framework/docs/options.md has them
// all, and says how they are written.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/gossip/gossip_options.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/node/program_options.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/serving/hosting.hpp>
#include <troupe/serving/server_options.hpp>
#include <troupe/transport/keep_alive.hpp>
#include <troupe/transport/link_limits.hpp>
#include <troupe/wire/features.hpp>

namespace troupe {

/// Which timing membership uses. `automatic` is `local` when the node listens on a loopback address.
enum class membership_profile : std::uint8_t { automatic, local, lan };
enum class fault_injection : bool { refused, allowed };

struct node_options {
  /// A node that restarts under its name takes its predecessor's place at once.
  std::string name;
  std::string cluster = "troupe";
  std::string listen = "127.0.0.1:0";
  std::string advertise;
  std::vector<std::string> join;
  std::string zone;
  /// See crypto/ring.hpp. Empty: keys are in memory only, and a change of them is to be written where
  /// `gossip_key` comes from.
  std::string keyring;
  /// Neither this nor a keyring: gossip is open to everybody who reaches it.
  std::string gossip_key;
  gossip::role role = gossip::role::member;

  std::size_t pool_threads = 2;
  duration drain_limit = std::chrono::seconds(10);
  std::string log_level = "info";
  fault_injection faults = fault_injection::refused;

  membership_profile profile = membership_profile::automatic;
  /// Nothing: the profile's. A file or a command line that sets some of them begins with the profile's.
  std::optional<membership::options> membership;
  gossip::asking_periods gossip;
  serving::server_options server;
  routing::options routing;
  transport::link_limits links;
  transport::keep_alive_options keep_alive;
  /// Options of `hosting::list` by the service's name: they go before what the program says where it hosts.
  std::map<std::string, std::vector<option_setting>, std::less<>> hosting;
  /// What this node speaks beyond the base of the protocol: all that this release does, unless a test plays
  /// an older one.
  wire::feature_set features = wire::feature_set::all();

  /// Those of no room.
  static option_list<node_options> list();
  /// Errors: invalid_argument, naming the option, its value and its bounds.
  result<void> validate() const;
};

/// Membership's options as a node with these options has them.
membership::options membership_of(const node_options& options);
/// `how` the program hosts a service, with what the options say of it instead.
/// REQUIRES: the options are valid.
hosting hosting_of(const node_options& options, std::string_view service, hosting how);

/// Overrides `options` by what the file says: tables of options, [node] and one for each room, and
/// [service."NAME"]. Errors: not_found for a file that is not there; invalid_argument for one that is no
/// TOML, or has a key or a value that means nothing, with line and column.
result<void> read_options_file(const std::string& path, node_options& options);

/// What a command line says.
struct command_line {
  node_options options;
  /// What was not an option: the program's words. Of a program that declares no options of its own, what was
  /// not an option of the node's, too.
  std::vector<std::string> arguments;
  /// Set when the program should print this and end: the help text.
  std::string help;
};
/// Precedence: `defaults`, then the file of --config, then the other options. `own`, where the program has
/// declared options of its own, takes theirs. Errors as above.
result<command_line> read_command_line(int argc, const char* const* argv, const node_options& defaults,
                                       program_options* own = nullptr);

}  // namespace troupe
