#include "option_names.hpp"

#include <charconv>
#include <cmath>
#include <optional>

#include <troupe/base/nearest_name.hpp>
#include <troupe/base/time.hpp>

namespace troupe::simulator {

namespace {

/// Whether `end` is all of the name, or its last parts.
bool ends_with_parts(std::string_view name, std::string_view end) {
  return name == end || (name.ends_with(end) && name[name.size() - end.size() - 1] == '.');
}

std::optional<double> read_value(std::string_view text) {
  double number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && rest == text.data() + text.size() && std::isfinite(number)) return number;
  if (text == "true" || text == "false") return text == "true" ? 1 : 0;
  if (const auto time = parse_duration(text)) return to_seconds(*time);
  return std::nullopt;
}

}  // namespace

std::vector<const option_names::entry*> option_names::ending_with(std::string_view name) const {
  std::vector<const entry*> found;
  for (const auto& each : entries_)
    if (ends_with_parts(each.name, name)) found.push_back(&each);
  return found;
}

result<const option_names::entry*> option_names::find(std::string_view name) const {
  const auto found = ending_with(option_name(name));
  if (found.size() == 1) return found.front();
  std::vector<std::string_view> names;
  std::string all;
  for (const auto& each : entries_) names.push_back(each.name);
  for (const auto* each : found) all.append(all.empty() ? "" : " or ").append(each->name);
  const auto text = "'" + std::string(name) + "'";
  if (!found.empty()) return error{code::invalid_argument, "the option " + text + " may be " + all};
  for (const auto& each : entries_) all.append(all.empty() ? "" : ", ").append(shortest_name(each));
  const auto meant = did_you_mean(option_name(name), names);
  return error{code::invalid_argument,
               "there is no option " + text + (meant.empty() ? "; there are " + all : meant)};
}

std::string option_names::shortest_name(const entry& of) const {
  for (auto dot = of.name.rfind('.'); dot != std::string::npos; dot = of.name.rfind('.', dot - 1)) {
    auto end = of.name.substr(dot + 1);
    if (ending_with(end).size() == 1) return end;
  }
  return of.name;
}

result<void> option_names::read(std::string_view name, std::string_view value, settings& into) const {
  const auto known = find(name);
  if (!known) return known.error();
  const auto number = read_value(value);
  if (!number)
    return option_error(name, "'" + std::string(value) + "'", "a number, a time such as 2ms, true or false");
  into[shortest_name(**known)] = *number;
  return {};
}

result<void> option_names::apply(const settings& from, void* object) const {
  for (const auto& [name, value] : from) {
    const auto known = find(name);
    if (!known) return known.error();
    if (auto done = (*known)->what->set_number((*known)->home(object), value, name); !done) return done;
  }
  return {};
}

}  // namespace troupe::simulator
