// Which keys of gossip each node of a cluster has.
#pragma once

#include <string>
#include <vector>

#include "connection.hpp"

namespace troupe::command {

struct known_key {
  std::string id;
  std::string standing;  // "held", "retired", "forgotten"
  bool primary = false;
};

/// What one node told, or that it did not.
struct node_keys {
  std::string node;
  bool answers = false;
  bool sealed = false;
  std::vector<known_key> keys;
  std::string kept;     // the file; empty where there is none
  std::string problem;  // why that file is not as it should be

  /// Null where it does not have the key.
  const known_key* find(const std::string& id) const;
};

/// Everybody who should answer, by name.
std::vector<node_keys> keys_of_everybody(const connection& to);

}  // namespace troupe::command
