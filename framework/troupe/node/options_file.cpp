#include <algorithm>
#include <filesystem>
#include <sstream>

#include <toml++/toml.h>

#include <troupe/base/nearest_name.hpp>
#include <troupe/node/option_tables.hpp>
#include <troupe/node/options_file.hpp>

namespace troupe {

namespace {

std::string place_in(const std::string& path, const toml::source_region& where) {
  std::ostringstream text;
  text << path << ", line " << where.begin.line << ", column " << where.begin.column << ": ";
  return text.str();
}

/// A table, or a key outside of all tables, that has no meaning here.
std::optional<toml_problem> find_stranger(const toml::table& file) {
  auto tables = option_table_names();
  tables.insert(tables.end(), {"service", "program"});
  for (const auto& [key, value] : file) {
    if (std::find(tables.begin(), tables.end(), key.str()) != tables.end()) continue;
    const std::string name(key.str());
    if (find_option(name) != nullptr && !value.is_table())
      return toml_problem{key.source(), name + " stands outside of the table: write it under [node]"};
    std::string names;
    for (const auto& each : tables) names.append(names.empty() ? "" : ", ").append(each);
    return toml_problem{key.source(), "there is no table [" + name + "]; there are " + names +
                                          did_you_mean(name, {tables.begin(), tables.end()})};
  }
  return std::nullopt;
}

std::optional<toml_problem> read_tables(const toml::table& file, const program_options* own,
                                        std::vector<toml_setting>& of_node,
                                        std::vector<toml_setting>& of_program) {
  if (auto problem = find_stranger(file)) return problem;
  if (auto problem = read_option_tables(file, option_table_names(), of_node)) return problem;
  if (const auto* services = file.get("service"))
    if (auto problem = read_service_tables(*services, of_node)) return problem;
  if (const auto* program = file.get("program"); program != nullptr && own != nullptr)
    return read_program_table(*program, *own, of_program);
  return std::nullopt;
}

std::vector<said_option> said_in(const std::string& path, const std::vector<toml_setting>& settings) {
  std::vector<said_option> said;
  for (const auto& each : settings)
    said.push_back({each.name, each.value, place_in(path, each.where), each.name, each.service});
  return said;
}

}  // namespace

result<options_file> read_said(const std::string& path, const program_options* own) {
  if (!std::filesystem::exists(path)) return error{code::not_found, "there is no file " + path};
  toml::table file;
  try {
    file = toml::parse_file(path);
  } catch (const toml::parse_error& problem) {
    return error{code::invalid_argument,
                 place_in(path, problem.source()) + std::string(problem.description())};
  }
  if (file.empty())
    return error{code::invalid_argument, path + " has neither a table [node] nor [service.\"NAME\"]"};
  std::vector<toml_setting> of_node;
  std::vector<toml_setting> of_program;
  if (const auto problem = read_tables(file, own, of_node, of_program))
    return error{code::invalid_argument, place_in(path, problem->where) + problem->what};
  return options_file{said_in(path, of_node), said_in(path, of_program)};
}

result<void> read_options_file(const std::string& path, node_options& options) {
  auto said = read_said(path, nullptr);
  if (!said) return said.error();
  return apply(std::move(said->of_node), options);
}

}  // namespace troupe
