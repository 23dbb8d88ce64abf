// Orders about the keys of gossip.
//
// An order goes to one node, sealed with a key of the ring, and gossip takes it everywhere. The command then
// watches until it has arrived.
#pragma once

#include <string>

#include "command.hpp"

namespace troupe::command {

struct key_options {
  std::string action;  // empty: show
  std::string what;
  std::string from;
  bool compromised = false;
  bool anyway = false;
};

/// Installs, uses or retires a key everywhere, and prints what has come of it. Throws stopped.
void order_keys(const common_options& common, key_options wanted);

}  // namespace troupe::command
