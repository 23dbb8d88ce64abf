// What TOML files say of single services, in a node's options and in a cluster file alike:
//
//   [service."shop.Cart"]
//   policy = "consistent_hash"           # see balance/policy.hpp
//   weights = { cost = 1, load = .5 }    # of the score's terms; those left out stay as they are
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include <troupe/routing/service_options.hpp>

namespace troupe {

/// Where a file makes no sense, and why.
struct toml_problem {
  toml::source_region where;
  std::string what;
};

/// Appends what `tables`, the value of the key `service`, says. Names of policies and terms, and the bounds
/// of weights, are checked.
std::optional<toml_problem> read_service_tables(const toml::node& tables,
                                                std::vector<routing::named_service_options>& into);

}  // namespace troupe
