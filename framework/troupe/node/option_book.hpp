// Every option of a node by its full name, wherever it lives: what files, command lines, help texts and the
// page of options are made of.
//
// The node's own options have no dot: "listen". Those of a room have its name before them: "balance.tie".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/option_list.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/program_options.hpp>

namespace troupe {

struct booked_option {
  std::string name;
  const option* what;
  void* (*home)(node_options& of);  // the struct that has it
  const char* environment = "";     // the variable that it may come from

  /// The room's name, or "node".
  std::string_view table() const;
};

/// The node's own first, then room by room.
const std::vector<booked_option>& option_book();
/// With '-' as '_'; null: there is none.
const booked_option* find_option(std::string_view written);

/// What a file or a command line says.
struct said_option {
  std::string name;  // with '_'
  std::string value;
  std::string place;    // what an error begins with: "node.toml, line 3, column 10: "
  std::string shown;    // the name as it is written there
  std::string service;  // that it is said of; empty: of the node
};

/// Changes `options` by all that is said, later ones last; but the node's own before any of a room, so that
/// membership's timing is that of the profile and the address that are said, and services last. Names must be
/// known. Errors: invalid_argument, as option::set and as `set_for_service` have them, behind the place.
result<void> apply(std::vector<said_option> said, node_options& options);

/// One option of one service: those of routing::service_options, and "hosting.weight". Whether they fit
/// together is for node_options::validate. Errors: invalid_argument.
result<void> set_for_service(node_options& options, const std::string& service, std::string_view name,
                             std::string_view value);
/// All names that it takes.
std::vector<std::string> service_option_names();

/// How names are written: "pool_threads" in a file, "--pool-threads" on a command line.
enum class spelling : bool { in_file, on_line };
std::string spelled(std::string_view name, spelling how);

/// "there is no option 'naem'; did you mean 'name'?", of the program's own or a node's; where none is near,
/// which there are in its table. `own` may be null.
std::string no_such_option(std::string_view written, spelling how, const program_options* own = nullptr);

}  // namespace troupe
