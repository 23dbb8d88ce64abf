#include <algorithm>
#include <array>
#include <charconv>

#include <troupe/base/nearest_name.hpp>
#include <troupe/node/option_book.hpp>
#include <troupe/node/option_tables.hpp>

namespace troupe {

namespace {

constexpr const char* service_shape =
    "write [service.\"shop.Cart\"] with policy = \"NAME\" and weights = { load = 0.5 }";

std::optional<std::string> scalar_text(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  if (const auto* flag = value.as_boolean()) return std::string(flag->get() ? "true" : "false");
  const auto* number = value.as_floating_point();
  if (number == nullptr) return std::nullopt;
  std::array<char, 32> digits{};
  return std::string(digits.data(),
                     std::to_chars(digits.data(), digits.data() + digits.size(), number->get()).ptr);
}

std::optional<std::string> list_text(const toml::node& value) {
  const auto* list = value.as_array();
  if (list == nullptr) return std::nullopt;
  std::string all;
  for (const auto& entry : *list) {
    const auto* text = entry.as_string();
    if (text == nullptr) return std::nullopt;
    all.append(all.empty() ? "" : ",").append(text->get());
  }
  return all;
}

/// The value as option::set takes it.
std::optional<toml_problem> read_value(const toml::node& value, const std::string& name, option_kind kind,
                                       std::string& into) {
  const auto text = kind == option_kind::texts ? list_text(value) : scalar_text(value);
  if (kind == option_kind::texts && !text)
    return toml_problem{value.source(), name + " is a list of texts: " + name + " = [\"...\", \"...\"]"};
  if (!text || (kind == option_kind::text && value.is_floating_point()))
    return toml_problem{value.source(), "a text, a whole number, true or false is wanted here"};
  into = *text;
  return std::nullopt;
}

/// Calls `visit` with each value under `table` and its name behind `prefix`, until it finds a problem.
template <class Visit>
std::optional<toml_problem> visit_values(const toml::table& table, const std::string& prefix, Visit& visit) {
  for (const auto& [key, value] : table) {
    const auto name = prefix + std::string(key.str());
    const auto* deeper = value.as_table();
    if (auto problem = deeper != nullptr ? visit_values(*deeper, name + ".", visit) : visit(name, value))
      return problem;
  }
  return std::nullopt;
}

std::optional<toml_problem> read_service(const toml::table& table, const std::string& service,
                                         std::vector<toml_setting>& into) {
  const auto* weights = table.get("weights");
  if (weights != nullptr && !weights->is_table())
    return toml_problem{weights->source(), "weights are a table of numbers: weights = { load = 0.5 }"};
  const auto visit = [&](const std::string& name, const toml::node& value) -> std::optional<toml_problem> {
    // A weight is wrong or right beside the others.
    const auto where = name.starts_with("weights.") ? weights->source() : value.source();
    toml_setting one{service, name, {}, where};
    if (auto problem = read_value(value, name, option_kind::count, one.value)) return problem;
    into.push_back(std::move(one));
    return std::nullopt;
  };
  return visit_values(table, "", visit);
}

}  // namespace

std::vector<std::string> option_table_names() {
  std::vector<std::string> names;
  for (const auto& each : option_book()) {
    std::string name(each.table().substr(0, each.table().find('.')));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

std::optional<toml_problem> read_option_tables(const toml::table& root,
                                               const std::vector<std::string>& tables,
                                               std::vector<toml_setting>& into) {
  const auto visit = [&](const std::string& name, const toml::node& value) -> std::optional<toml_problem> {
    const auto* known = find_option(name);
    if (known == nullptr) return toml_problem{value.source(), no_such_option(name, spelling::in_file)};
    toml_setting one{{}, known->name, {}, value.source()};
    if (auto problem = read_value(value, known->name, known->what->kind, one.value)) return problem;
    into.push_back(std::move(one));
    return std::nullopt;
  };
  for (const auto& table : tables) {
    const auto* found = root.get(table);
    if (found == nullptr) continue;
    if (!found->is_table())
      return toml_problem{found->source(), table + " is a table: write [" + table + "]"};
    const auto prefix = table == "node" ? std::string() : table + ".";
    if (auto problem = visit_values(*found->as_table(), prefix, visit)) return problem;
  }
  return std::nullopt;
}

std::optional<toml_problem> read_service_tables(const toml::node& tables, std::vector<toml_setting>& into) {
  const auto* all = tables.as_table();
  if (all == nullptr) return toml_problem{tables.source(), service_shape};
  for (const auto& [name, value] : *all) {
    const auto* table = value.as_table();
    if (table == nullptr || name.str().empty()) return toml_problem{value.source(), service_shape};
    if (auto problem = read_service(*table, std::string(name.str()), into)) return problem;
  }
  return std::nullopt;
}

std::optional<toml_problem> read_program_table(const toml::node& table, const program_options& own,
                                               std::vector<toml_setting>& into) {
  if (!table.is_table()) return toml_problem{table.source(), "program is a table: write [program]"};
  for (const auto& [key, value] : *table.as_table()) {
    const auto* known = own.find(key.str());
    if (known == nullptr)
      return toml_problem{value.source(), no_such_option(key.str(), spelling::in_file, &own)};
    toml_setting one{{}, std::string(known->what.name), {}, value.source()};
    if (auto problem = read_value(value, one.name, known->what.kind, one.value)) return problem;
    into.push_back(std::move(one));
  }
  return std::nullopt;
}

}  // namespace troupe
