// The command's view of a cluster: which one is meant, and an observer in it whose calls reach every node.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/admin.troupe.hpp>
#include <troupe/node/node.hpp>
#include <troupe/reflection/interface_view.hpp>

#include "command.hpp"

namespace troupe::command {

/// How long one node is waited for where many are asked.
inline constexpr duration ask_within = std::chrono::milliseconds(700);

/// The service that every node has, and that people mostly do not want to see.
inline constexpr std::string_view admin_name = "troupe.Admin";

class connection {
 public:
  /// Joins as an observer, through the local state or --address. Throws stopped.
  explicit connection(const common_options& common);

  node& observer() { return *observer_; }
  const std::string& cluster() const { return cluster_; }
  /// The file of its gossip keys; empty where none is known.
  const std::string& keyring() const { return keyring_; }

  /// Everyone that the cluster knows, by name.
  std::vector<membership::member> members() const;
  /// Those that should answer, best first: the one of --address, then those that run here, then the rest.
  std::vector<membership::member> answering() const;
  /// Those, or that one where `only` names one. Throws stopped.
  std::vector<membership::member> answering(const std::string& only) const;
  /// The id of the node called so. Throws stopped, listing the names.
  node_id require(const std::string& name) const;
  /// Who is asked when it does not matter whom: --from when it was given, else the first that should answer.
  membership::member asked(const std::string& from) const;
  /// Those that should answer and serve it, best first. Throws stopped, listing what is served.
  std::vector<membership::member> serving(const std::string& service) const;

  /// The schema of a service, from the first of those serving it that answers. Throws stopped.
  reflection::interface_view describe(const std::string& service) const;

  troupe::client<admin::Admin> admin() const { return observer_->client<admin::Admin>(); }

 private:
  std::string cluster_;
  std::string address_;
  std::string keyring_;
  std::vector<std::string> silent_;  // of this machine, paused or ended
  std::optional<node> observer_;
};

/// The results of a call that has to succeed; keeps them. Throws stopped with the whole story.
template <class Results>
response<Results> need(response<Results> from) {
  if (!from) throw stopped(failed, from.error().explain());
  return from;
}

}  // namespace troupe::command
