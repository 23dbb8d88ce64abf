#include "scenario_reader.hpp"

#include <filesystem>

namespace troupe::simulator {

void complaints::note(const toml::table& table, const std::string& path) {
  for (const auto& [key, value] : table) {
    // What overrides a key is found under the key's own name.
    const bool overrides = path.empty() && (key == "cell" || key == "grid");
    const auto deeper = overrides ? std::string() : path + std::string(key.str());
    if (!overrides) lines[deeper].insert(key.source().begin.line);
    if (const auto* inner = value.as_table()) note(*inner, overrides ? "" : deeper + ".");
    if (const auto* list = value.as_array())
      for (const auto& each : *list)
        if (const auto* inner = each.as_table()) note(*inner, overrides ? "" : deeper + ".");
  }
}

void complaints::add(const std::string& path, const std::string& what) {
  if (first) return;
  std::string where;
  if (const auto at = lines.find(path); at != lines.end())
    for (const auto line : at->second) where += (where.empty() ? ", line " : " or ") + std::to_string(line);
  first = error{code::invalid_argument, file + where + ": " + what};
}

aim read_aim(section& from, std::string of) {
  aim it;
  it.of = std::move(of);
  from.text("figure", it.figure);
  from.text("of", it.of);
  if (from.has("at_least")) it.is = aim::side::at_least;
  from.number("at_most", it.factor, 0, 1e9);
  from.number("at_least", it.factor, 0, 1e9);
  from.text("times", it.times);
  from.text("cell", it.cell);
  from.number("plus", it.plus, 0, 1e9);
  if (it.figure.empty()) from.complain("this [[aim]] has no figure");
  return it;
}

namespace {

using cell_reader = std::function<void(section&, const cell_place&)>;

void merge(toml::table& into, const toml::table& over) {
  for (const auto& [key, value] : over) {
    auto* there = into.get(key);
    if (there != nullptr && there->is_table() && value.is_table())
      merge(*there->as_table(), *value.as_table());
    else
      value.visit([&, name = key.str()](const auto& concrete) { into.insert_or_assign(name, concrete); });
  }
}

struct axis {
  std::vector<std::string> path;
  const toml::array* values;
};

void find_axes(const toml::table& from, const std::vector<std::string>& path, std::vector<axis>& into,
               complaints& to) {
  for (const auto& [key, value] : from) {
    auto deeper = path;
    deeper.emplace_back(key.str());
    if (value.is_table())
      find_axes(*value.as_table(), deeper, into, to);
    else if (value.is_array() && !value.as_array()->empty())
      into.push_back({deeper, value.as_array()});
    else
      to.add("", "grid." + deeper.back() + " is a list of values that is not empty");
  }
}

std::string shown(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) return *text;
  std::ostringstream into;
  if (const auto* list = value.as_array()) {
    for (std::size_t k = 0; k < list->size(); ++k) into << (k > 0 ? "/" : "") << shown((*list)[k]);
    return into.str();
  }
  into << value.value<double>().value_or(0);
  return into.str();
}

double coordinate(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) {
    const auto time = parse_duration(*text);
    return time ? to_seconds(*time) : 0;
  }
  return value.value<double>().value_or(0);
}

void set_at(toml::table& root, const std::vector<std::string>& path, const toml::node& value) {
  auto* table = &root;
  for (std::size_t k = 0; k + 1 < path.size(); ++k) {
    if (table->get(path[k]) == nullptr) table->insert(path[k], toml::table{});
    table = table->get(path[k])->as_table();
    if (table == nullptr) return;
  }
  value.visit([&](const auto& concrete) { table->insert_or_assign(path.back(), concrete); });
}

/// Every combination of the axes over one base, the last axis fastest.
void expand(const toml::table& base, const std::vector<axis>& axes, const std::string& name, complaints& to,
            const cell_reader& read) {
  std::size_t combinations = 1;
  for (const auto& each : axes) combinations *= each.values->size();
  for (std::size_t k = 0; k < combinations; ++k) {
    toml::table root = base;
    std::string cell = name;
    double x = 0;
    std::size_t rest = combinations, index = k;
    for (const auto& each : axes) {
      rest /= each.values->size();
      const auto& value = (*each.values)[index / rest];
      index %= rest;
      set_at(root, each.path, value);
      cell += (cell.empty() ? "" : ", ") + each.path.back() + " " + shown(value);
      x = coordinate(value);
    }
    section from(&root, "", to);
    read(from, {std::filesystem::path(to.file).stem().string(), cell, x});
  }
}

result<void> read_root(toml::table root, const std::string& name, const cell_reader& read) {
  complaints to{name, {}, {}};
  to.note(root, "");
  std::vector<axis> axes;
  toml::table grid;
  toml::array cells;
  if (const auto* found = root.get("grid"); found != nullptr && found->is_table()) grid = *found->as_table();
  if (const auto* found = root.get("cell"); found != nullptr && found->is_array()) cells = *found->as_array();
  root.erase("grid");
  root.erase("cell");
  find_axes(grid, {}, axes, to);
  if (cells.empty()) cells.push_back(toml::table{});
  for (const auto& each : cells) {
    if (!each.is_table()) {
      to.add("", "cell is a list of tables: write [[cell]]");
      break;
    }
    toml::table over = *each.as_table();
    const auto cell = over["name"].value_or(std::string());
    over.erase("name");
    toml::table base = root;
    merge(base, over);
    expand(base, axes, cell, to, read);
  }
  if (to.first) return *to.first;
  return {};
}

}  // namespace

result<void> read_cells(std::string_view text, const std::string& name, const cell_reader& read) {
  try {
    return read_root(toml::parse(text), name, read);
  } catch (const toml::parse_error& problem) {
    return error{code::invalid_argument, name + ", line " + std::to_string(problem.source().begin.line) +
                                             ": " + std::string(problem.description())};
  }
}

}  // namespace troupe::simulator
