// The processes of a cluster on this machine: started from a cluster file, signalled by name, ended together.
//
//   auto file = read_cluster_file("examples/shop");
//   auto shop = local_cluster::up(*file, {.folder = folder, .lifetime = lifetime::bound});
//   shop->kill("cart-2", SIGKILL);
//   shop->down();
//
// The truth is in the state folder and in /proc, not in this object: several objects, in several processes,
// may stand for the same cluster. What changes something holds the folder's lock while it does. Nothing here
// waits for a node to serve: see readiness.hpp.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

#include "cluster_file.hpp"
#include "cluster_state.hpp"
#include "process.hpp"

namespace troupe::local {

/// How long an ending process has before it is killed.
inline constexpr duration stop_limit = std::chrono::seconds(15);

struct node_status {
  std::string name;   // "cart-2"
  std::string group;  // "cart"
  unsigned number = 1;
  std::string address;  // "127.0.0.1:21044"
  process_id process;
  process_state state = process_state::exited;
  std::string ending;               // "killed by SIGKILL"; empty while it runs or where nobody knows
  std::int64_t started_micros = 0;  // wall clock; the node's epoch is not lower
  std::filesystem::path log;
};

/// Where and how a cluster lives.
struct home {
  std::filesystem::path folder;  // for its state and logs; made by up, removed by down
  local::lifetime lifetime = local::lifetime::independent;
  std::string log_level = "info";
};

/// .troupe/<cluster>, under the current folder.
std::filesystem::path default_folder(std::string_view cluster);

class local_cluster {
 public:
  /// Starts everything. With lifetime::bound the processes die with the thread that calls this (or `add`, or
  /// `restart`), and with the returned object. Errors: already_exists while the folder's cluster runs; else
  /// what start_process says, and then nothing is left running.
  static result<local_cluster> up(const cluster_file& what, const home& where);
  /// Stands for a cluster that is up. Errors: not_found.
  static result<local_cluster> open(std::filesystem::path folder);

  local_cluster(local_cluster&& other) noexcept;
  local_cluster& operator=(local_cluster&&) = delete;
  ~local_cluster();

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }

  /// In the order of the cluster file. Empty once the cluster is down.
  std::vector<node_status> nodes() const;
  std::vector<node_group> groups() const;
  /// Errors: not_found, listing the names.
  result<node_status> find(std::string_view node) const;
  /// Of running nodes, those that are not paused first.
  std::vector<std::string> addresses() const;
  /// The gossip keys as one of its nodes has them, a running one where there is one. Empty: gossip is not
  /// sealed.
  std::string keyring() const;

  /// Sends a signal. After SIGKILL it waits until the process is gone. Errors: not_found; failed_precondition
  /// when it has ended already.
  result<void> kill(std::string_view node, int signal);
  result<void> pause(std::string_view node);   // SIGSTOP
  result<void> resume(std::string_view node);  // SIGCONT

  /// What became of a process that was asked to end.
  enum class ending : std::uint8_t { clean, forced, was_gone };

  /// Ends it (SIGTERM, and SIGKILL after the limit) and starts it again, under its name and address. A node
  /// that has ended is started.
  result<ending> restart(std::string_view node, duration limit = stop_limit);
  /// One replica more; gives its name. `replicas` is what {replicas} says to it; 0: as many as there are
  /// then. Errors: not_found for the group.
  result<std::string> add(std::string_view group, unsigned replicas = 0);
  /// Ends it and forgets it.
  result<ending> remove(std::string_view node, duration limit = stop_limit);

  /// Ends all, and removes the folder. Gives the names of those that had to be killed. Once down, it is done.
  result<std::vector<std::string>> down(duration limit = stop_limit);

 private:
  local_cluster(std::string name, std::filesystem::path folder)
      : name_(std::move(name)), folder_(std::move(folder)) {}

  result<void> change(const std::function<result<void>(cluster_state&)>& how) const;
  result<void> start_all(const cluster_file& what, const home& where);
  result<void> start(const cluster_state& all, node_record& node) const;
  void remember_endings(const std::vector<node_status>& seen) const;
  result<std::string> keyring_for(const cluster_state& all, const node_record& node) const;
  std::filesystem::path log_of(const node_record& node) const;
  std::vector<std::string> seeds_for(const cluster_state& all, const node_record& node) const;

  std::string name_;
  std::filesystem::path folder_;
  bool owns_ = false;  // ends the cluster when destroyed
};

}  // namespace troupe::local
