// What TOML files say of options, a node's and a cluster's alike:
//
//   [node]                               # the node's own
//   listen = "127.0.0.1:7000"
//   [balance]                            # a room's; [balance.ejection], or ejection.first here
//   ejection.first = "2s"
//   [service."shop.Cart"]                # of one service
//   policy = "consistent_hash"
//   weights = { cost = 1, load = .5 }    # of the score's terms
//   hosting.in_flight_max = 64
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include <troupe/node/program_options.hpp>

namespace troupe {

/// Where a file makes no sense, and why.
struct toml_problem {
  toml::source_region where;
  std::string what;
};

/// One value: an option's name in full, with the value as a text.
struct toml_setting {
  std::string service;  // empty: not of one
  std::string name;
  std::string value;
  toml::source_region where;
};

/// The tables of options that a file may have besides [service] and [program]: "node", "balance", ...
std::vector<std::string> option_table_names();
/// Appends what the tables of these names in `root` say. Names are checked, values are not.
std::optional<toml_problem> read_option_tables(const toml::table& root,
                                               const std::vector<std::string>& tables,
                                               std::vector<toml_setting>& into);
/// Appends what `tables`, the value of the key `service`, says; neither names nor values are checked.
std::optional<toml_problem> read_service_tables(const toml::node& tables, std::vector<toml_setting>& into);
/// Appends what a table [program] says. Names are checked.
std::optional<toml_problem> read_program_table(const toml::node& table, const program_options& own,
                                               std::vector<toml_setting>& into);

}  // namespace troupe
