// Where scenario files are: in the folders that come with the command, or wherever somebody says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <troupe/base/result.hpp>

namespace troupe::simulator {

/// Files of scenarios: `kind` is "balance" or "membership". By path, or by name in the known folders; all of
/// them when `name` is empty, in the order of their names. Errors: not_found, with the names there are.
result<std::vector<std::filesystem::path>> find_scenarios(const std::string& kind, const std::string& name);

/// What is in a file. Errors: not_found naming it.
result<std::string> read_scenario_text(const std::filesystem::path& file);

}  // namespace troupe::simulator
