#include <algorithm>
#include <charconv>

#include <troupe/base/nearest_name.hpp>
#include <troupe/base/option_list.hpp>

namespace troupe {

namespace {

struct size_unit {
  std::string_view name;
  double bytes;
};
constexpr std::array<size_unit, 3> size_units = {
    {{"GiB", 1024. * 1024 * 1024}, {"MiB", 1024. * 1024}, {"KiB", 1024.}}};

bool is_size(const option_bounds& within) { return within.unit.starts_with("bytes"); }

std::string digits_of(double value) {
  std::array<char, 32> text{};
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  const auto end =
      whole ? std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(value)).ptr
            : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// "64 KiB".
std::string size_text(double bytes) {
  for (const auto& [name, size] : size_units)
    if (bytes >= size && bytes / size == std::floor(bytes / size))
      return digits_of(bytes / size) + " " + std::string(name);
  return digits_of(bytes) + " bytes";
}

/// For people.
std::string shown(const option& of, double value) {
  if (of.kind == option_kind::flag) return value != 0 ? "true" : "false";
  if (of.kind == option_kind::time) return format_duration(duration(std::llround(value)));
  if (of.kind == option_kind::choice)
    for (const auto& each : of.within.choices)
      if (each.value == static_cast<std::uint8_t>(value)) return std::string(each.name);
  return is_size(of.within) ? size_text(value) : digits_of(value);
}

/// As `set` takes it.
std::string written(const option& of, double value) {
  auto text = shown(of, value);
  std::erase(text, ' ');
  if (text.ends_with("bytes")) text.resize(text.size() - std::string_view("bytes").size());
  return text;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& each : texts) all.append(all.empty() ? "" : ",").append(each);
  return all;
}

std::string choices_text(std::span<const option_choice> choices) {
  std::string text;
  for (std::size_t k = 0; k < choices.size(); ++k) {
    if (k > 0) text += k + 1 == choices.size() ? " or " : ", ";
    text += choices[k].name;
  }
  return text;
}

std::string interval_text(const option& of) {
  const auto& within = of.within;
  const bool low = within.low > -std::numeric_limits<double>::infinity();
  const bool high = within.high < std::numeric_limits<double>::infinity();
  if (low && high && !within.above_low && !within.below_high)
    return shown(of, within.low) + " to " + shown(of, within.high);
  std::string text;
  if (low) text = (within.above_low ? "above " : "at least ") + shown(of, within.low);
  if (high)
    text.append(text.empty() ? "" : " and ")
        .append(within.below_high ? "below " : "at most ")
        .append(shown(of, within.high));
  return text;
}

/// What a value is before any bounds: for whoever wrote something else.
std::string_view kind_text(const option& of) {
  switch (of.kind) {
    case option_kind::flag:
      return "true or false";
    case option_kind::count:
      return is_size(of.within) ? "a whole number of bytes, such as 4096 or 64KiB" : "a whole number";
    case option_kind::number:
      return "a number";
    case option_kind::time:
      return "a time, such as 250us, 300ms, 1.5s or 2m";
    case option_kind::text:
      return "a text";
    case option_kind::texts:
      return "texts with commas between them";
    case option_kind::choice:
      return "";
  }
  return "";
}

error wrong_value(const option& of, std::string_view value, std::string_view name) {
  return option_error(name, "'" + std::string(value) + "'", of.bounds());
}

/// For a value that is not even of the kind.
error wrong_kind(const option& of, std::string_view value, std::string_view name) {
  std::string must(kind_text(of));
  if (of.kind != option_kind::flag && !interval_text(of).empty()) must += ", " + of.bounds();
  return option_error(name, "'" + std::string(value) + "'", must);
}

bool within_bounds(const option_bounds& bounds, double value) {
  const bool low = bounds.above_low ? value > bounds.low : value >= bounds.low;
  const bool high = bounds.below_high ? value < bounds.high : value <= bounds.high;
  return low && high;
}

const option_choice* find_choice(const option& of, std::string_view text) {
  for (const auto& each : of.within.choices)
    if (each.name == text) return &each;
  return nullptr;
}

error wrong_choice(const option& of, std::string_view text, std::string_view name) {
  auto problem = wrong_value(of, text, name);
  std::vector<std::string_view> names;
  for (const auto& each : of.within.choices) names.push_back(each.name);
  problem.text += did_you_mean(text, names);
  return problem;
}

std::optional<double> read_number(const option& of, std::string_view text) {
  double factor = 1;
  if (is_size(of.within))
    for (const auto& [name, size] : size_units)
      if (text.ends_with(name)) {
        factor = size;
        text.remove_suffix(name.size());
        if (text.ends_with(' ')) text.remove_suffix(1);
        break;
      }
  double value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || rest != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value * factor;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return parts;
}

/// The value of a text, whether within the bounds or not; nothing: it is not of the kind.
std::optional<option_value> parse(const option& of, std::string_view text) {
  switch (of.kind) {
    case option_kind::flag:
      if (text != "true" && text != "false") return std::nullopt;
      return option_value(text == "true" ? 1. : 0.);
    case option_kind::count:
    case option_kind::number: {
      const auto number = read_number(of, text);
      if (!number || (of.kind == option_kind::count && *number != std::floor(*number))) return std::nullopt;
      return option_value(*number);
    }
    case option_kind::time: {
      const auto time = parse_duration(text);
      if (!time) return std::nullopt;
      return option_value(to_bound(*time));
    }
    case option_kind::text:
      return option_value(std::string(text));
    case option_kind::texts:
      return option_value(split(text));
    case option_kind::choice:
      if (const auto* found = find_choice(of, text)) return option_value(double(found->value));
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_sound(const option& of, const option_value& value) {
  if (const auto* number = std::get_if<double>(&value))
    return of.kind == option_kind::flag || of.kind == option_kind::choice ||
           within_bounds(of.within, *number);
  if (const auto* text = std::get_if<std::string>(&value))
    return of.within.choices.empty() ? within_bounds(of.within, static_cast<double>(text->size()))
                                     : find_choice(of, *text) != nullptr;
  return true;
}

}  // namespace

error option_error(std::string_view name, std::string_view value, std::string_view must) {
  return {code::invalid_argument,
          "option " + std::string(name) + " is " + std::string(value) + ": it must be " + std::string(must)};
}

std::string option_name(std::string_view written) {
  std::string name(written);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

result<void> option::set(void* object, std::string_view text, std::string_view called) const {
  const auto value = parse(*this, text);
  if (!value)
    return kind == option_kind::choice ? wrong_choice(*this, text, called) : wrong_kind(*this, text, called);
  if (!is_sound(*this, *value))
    return within.choices.empty() ? wrong_value(*this, text, called) : wrong_choice(*this, text, called);
  write(object, *value);
  return {};
}

result<void> option::set_number(void* object, double number, std::string_view called) const {
  switch (kind) {
    case option_kind::flag:
      return set(object, number == 0 ? "false" : number == 1 ? "true" : digits_of(number), called);
    case option_kind::time: {
      const option_value nanos = std::round(number * 1e9);
      if (!is_sound(*this, nanos)) return wrong_value(*this, digits_of(number) + " s", called);
      write(object, nanos);
      return {};
    }
    default:
      return set(object, digits_of(number), called);
  }
}

result<void> option::check(const void* object, std::string_view called) const {
  const auto value = read(object);
  if (is_sound(*this, value)) return {};
  if (const auto* number = std::get_if<double>(&value))
    return option_error(called, shown(*this, *number), bounds());
  return wrong_value(*this, std::get<std::string>(value), called);
}

std::string option::text(const void* object) const {
  const auto value = read(object);
  if (const auto* number = std::get_if<double>(&value)) return written(*this, *number);
  if (const auto* one = std::get_if<std::string>(&value)) return *one;
  if (const auto* several = std::get_if<std::vector<std::string>>(&value)) return joined(*several);
  return {};
}

std::string option::bounds() const {
  if (!within.choices.empty()) return choices_text(within.choices);
  if (kind == option_kind::flag) return std::string(kind_text(*this));
  if (kind == option_kind::text && within.low <= 0 && within.high < std::numeric_limits<double>::infinity())
    return "at most " + digits_of(within.high) + " characters";
  auto text = interval_text(*this);
  if (text.empty()) return std::string(kind_text(*this));
  if (kind == option_kind::text) return text + " characters";
  const auto unit = is_size(within) ? within.unit.substr(std::string_view("bytes").size()) : within.unit;
  if (!unit.empty()) text.append(unit.starts_with(' ') ? "" : " ").append(unit);
  return text;
}

}  // namespace troupe
