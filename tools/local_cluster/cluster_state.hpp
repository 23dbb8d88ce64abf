// What is remembered of a running cluster between two commands: state.json in its folder.
//
//   .troupe/shop/state.json     written by rename, so a reader sees the old or the new one, whole
//   .troupe/shop/lock           held while somebody changes something
//   .troupe/shop/logs/          one file a node
//   .troupe/shop/keys/          one keyring a node, where gossip is sealed
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <troupe/base/time.hpp>

#include "cluster_file.hpp"
#include "process.hpp"

namespace troupe::local {

struct node_record {
  std::string name;   // "cart-2"
  std::string group;  // "cart"
  unsigned number = 1;
  std::uint16_t port = 0;
  process_id process;
  std::int64_t started_micros = 0;  // wall clock, just before the start: the node's epoch is later
  std::string ending;               // why it is no longer there, once that is known
};

struct cluster_state {
  std::string cluster;
  std::string log_level;  // of the nodes
  local::lifetime lifetime = local::lifetime::independent;
  std::vector<node_group> groups;
  std::vector<std::string> services;  // as in the cluster file
  std::vector<node_record> nodes;
};

/// Errors: not_found where there is no state; data_loss where it cannot be read, naming the field.
result<cluster_state> load_state(const std::filesystem::path& folder);
/// Errors: unavailable, with what the system said; invalid_argument for texts that are not UTF-8.
result<void> save_state(const std::filesystem::path& folder, const cluster_state& state);

/// Keeps other commands from changing the same cluster. Released when destroyed.
class state_lock {
 public:
  /// Waits for another command, up to `within`. Errors: not_found where there is no such folder; unavailable
  /// when the other one takes too long.
  static result<state_lock> take(const std::filesystem::path& folder,
                                 duration within = std::chrono::seconds(30));

  state_lock(state_lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  ~state_lock();

 private:
  explicit state_lock(int file) : file_(file) {}
  int file_;
};

}  // namespace troupe::local
