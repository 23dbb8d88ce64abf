#include "cluster_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include <toml++/toml.h>
#include <unistd.h>

#include <troupe/base/nearest_name.hpp>
#include <troupe/node/option_book.hpp>
#include <troupe/node/option_tables.hpp>

namespace troupe::local {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t replicas_max = 1000;
constexpr std::size_t name_bytes_max = 56;  // with "-1000" and room: a node's name has 64

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max &&
         std::all_of(text.begin(), text.end(), [](unsigned char one) {
           return std::isalnum(one) != 0 || one == '.' || one == '_' || one == '-';
         });
}

/// The tables of options that it may have; [node] is none: here it is the list of its nodes.
const std::vector<std::string>& room_tables() {
  static const auto rooms = [] {
    auto names = option_table_names();
    std::erase(names, "node");
    return names;
  }();
  return rooms;
}

std::vector<std::string_view> top_level_keys() {
  std::vector<std::string_view> keys = {"cluster", "service", "node"};
  keys.insert(keys.end(), room_tables().begin(), room_tables().end());
  return keys;
}

/// Reads one file; every error names it.
class reader {
 public:
  explicit reader(fs::path file) : file_(std::move(file)) {}

  result<cluster_file> read() const {
    toml::table root;
    try {
      root = toml::parse_file(file_.string());
    } catch (const toml::parse_error& problem) {
      return wrong(problem.source(), std::string(problem.description()));
    }
    if (const auto known = only(root, top_level_keys()); !known) return known.error();
    cluster_file read;
    if (const auto done = read_cluster(root, read); !done) return done.error();
    node_options options;
    std::vector<std::string> for_all;
    if (const auto done = read_rooms(root, options, for_all); !done) return done.error();
    if (const auto done = read_services(root, options, read); !done) return done.error();
    if (const auto sound = options.validate(); !sound) return wrong({}, sound.error().text);
    const auto* nodes = root["node"].as_array();
    if (nodes == nullptr || nodes->empty())
      return wrong(root["node"].node() != nullptr ? root["node"].node()->source() : toml::source_region{},
                   "there is no [[node]]: write one for each program, with name and run");
    for (const auto& entry : *nodes) {
      const auto* table = entry.as_table();
      if (table == nullptr) return wrong(entry.source(), "node is a list of tables: write [[node]]");
      auto group = read_group(*table);
      if (!group) return group.error();
      group->arguments.insert(group->arguments.begin(), for_all.begin(), for_all.end());
      for (const auto& other : read.groups)
        if (other.name == group->name)
          return wrong(table->source(),
                       "there are two nodes '" + group->name + "': give each a name of its own");
      read.groups.push_back(*group);
    }
    return read;
  }

 private:
  error wrong(const toml::source_region& where, const std::string& what) const {
    std::ostringstream text;
    text << file_.string();
    if (where.begin.line > 0) text << ", line " << where.begin.line << ", column " << where.begin.column;
    text << ": " << what;
    return {code::invalid_argument, text.str()};
  }

  result<void> only(const toml::table& table, const std::vector<std::string_view>& keys) const {
    for (const auto& [key, value] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
      std::string names;
      for (const auto one : keys) names.append(names.empty() ? "" : ", ").append(one);
      return wrong(key.source(), "'" + std::string(key.str()) + "' means nothing here; there are " + names +
                                     did_you_mean(key.str(), keys));
    }
    return {};
  }

  result<void> read_cluster(const toml::table& root, cluster_file& into) const {
    into.name = fs::absolute(file_).lexically_normal().parent_path().filename().string();
    if (const auto* node = root.get("cluster")) {
      const auto* table = node->as_table();
      if (table == nullptr) return wrong(node->source(), "cluster is a table: write [cluster]");
      if (auto known = only(*table, {"name", "sealed"}); !known) return known;
      if (const auto* name = table->get("name")) {
        if (!name->is_string() || !is_name(name->as_string()->get()))
          return wrong(name->source(), "a cluster's name is a text of 1 to 56 of A-Z a-z 0-9 . _ -");
        into.name = name->as_string()->get();
      }
      if (const auto* sealed = table->get("sealed")) {
        if (!sealed->is_boolean()) return wrong(sealed->source(), "sealed is true or false");
        into.sealed = sealed->as_boolean()->get();
      }
    }
    if (!is_name(into.name))
      return wrong({}, "the folder's name '" + into.name +
                           "' cannot name the cluster: write [cluster] with name = \"...\"");
    return {};
  }

  /// What rooms' tables say, checked in `options`, as arguments of every node.
  result<void> read_rooms(const toml::table& root, node_options& options,
                          std::vector<std::string>& into) const {
    std::vector<toml_setting> said;
    if (const auto problem = read_option_tables(root, room_tables(), said))
      return wrong(problem->where, problem->what);
    for (const auto& one : said) {
      if (const auto done = apply({{one.name, one.value, "", one.name, ""}}, options); !done)
        return wrong(one.where, done.error().text);
      into.push_back("--" + one.name + "=" + one.value);
    }
    return {};
  }

  result<void> read_services(const toml::table& root, node_options& options, cluster_file& into) const {
    std::vector<toml_setting> said;
    const auto* tables = root.get("service");
    if (tables == nullptr) return {};
    if (const auto problem = read_service_tables(*tables, said)) return wrong(problem->where, problem->what);
    std::string service;
    for (const auto& one : said) {
      if (const auto done = set_for_service(options, one.service, one.name, one.value); !done)
        return wrong(one.where, done.error().text);
      if (const auto sound = options.routing.validate(); !sound) return wrong(one.where, sound.error().text);
      if (service != one.service)
        into.services.push_back(one.service + ":");
      else
        into.services.back() += ",";
      service = one.service;
      constexpr std::string_view in_weights = "weights.";
      const auto name = std::string_view(one.name);
      into.services.back()
          .append(name.substr(name.starts_with(in_weights) ? in_weights.size() : 0))
          .append("=")
          .append(one.value);
    }
    return {};
  }

  result<node_group> read_group(const toml::table& table) const {
    if (const auto known = only(table, {"name", "run", "replicas", "arguments"}); !known)
      return known.error();
    node_group group;
    const auto* name = table.get("name");
    if (name == nullptr) return wrong(table.source(), "this [[node]] has no name: write name = \"cart\"");
    if (!name->is_string() || !is_name(name->as_string()->get()))
      return wrong(name->source(), "a node's name is a text of 1 to 56 of A-Z a-z 0-9 . _ -");
    group.name = name->as_string()->get();

    if (const auto* replicas = table.get("replicas")) {
      const auto count = replicas->value_exact<std::int64_t>();
      if (!count || *count < 1 || *count > replicas_max)
        return wrong(replicas->source(), "replicas is a whole number from 1 to 1000");
      group.replicas = static_cast<unsigned>(*count);
    }
    if (const auto* arguments = table.get("arguments")) {
      const auto* list = arguments->as_array();
      if (list == nullptr || !(list->empty() || list->is_homogeneous<std::string>()))
        return wrong(arguments->source(), "arguments is a list of texts: arguments = [\"--zone\", \"a\"]");
      for (const auto& one : *list) group.arguments.push_back(one.as_string()->get());
    }

    const auto* run = table.get("run");
    if (run == nullptr)
      return wrong(table.source(), "node '" + group.name + "' has no program: write run = \"PROGRAM\"");
    if (!run->is_string() || run->as_string()->get().empty())
      return wrong(run->source(), "run is a text, the program of node '" + group.name + "'");
    auto program = find_program(run->as_string()->get());
    if (!program) {
      auto problem = wrong(run->source(), program.error().text);
      problem.code = code::not_found;
      return problem;
    }
    group.program = std::move(*program);
    return group;
  }

  result<fs::path> find_program(const std::string& name) const {
    std::vector<fs::path> candidates;
    const fs::path wanted(name);
    if (wanted.is_absolute()) {
      candidates = {wanted};
    } else {
      candidates.push_back(fs::absolute(file_).parent_path() / wanted);
      std::error_code ignored;
      const auto self = fs::read_symlink("/proc/self/exe", ignored);
      if (!ignored) candidates.push_back(self.parent_path() / wanted);
      const char* path = std::getenv("PATH");
      std::istringstream folders(path != nullptr ? path : "");
      for (std::string folder; std::getline(folders, folder, ':');)
        if (!folder.empty()) candidates.push_back(fs::path(folder) / wanted);
    }
    for (const auto& one : candidates) {
      std::error_code ignored;
      if (fs::is_regular_file(one, ignored) && ::access(one.c_str(), X_OK) == 0)
        return fs::absolute(one).lexically_normal();
    }
    if (wanted.is_absolute())
      return error{code::not_found, "there is no program " + name + ": build it, or correct the path"};
    return error{code::not_found, "there is no program '" + name + "' in " +
                                      candidates[0].lexically_normal().parent_path().string() + ", in " +
                                      (candidates.size() > 1 ? candidates[1].parent_path().string() : "") +
                                      " or on the PATH: build it, or write its absolute path"};
  }

  fs::path file_;
};

}  // namespace

result<cluster_file> read_cluster_file(const fs::path& path) {
  std::error_code ignored;
  const auto file = fs::is_directory(path, ignored) ? path / "cluster.toml" : path;
  if (!fs::is_regular_file(file, ignored))
    return error{code::not_found, "there is no cluster file " + file.string() +
                                      ": name a cluster.toml, or a folder that has one"};
  return reader(file).read();
}

}  // namespace troupe::local
