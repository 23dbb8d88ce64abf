#include "json.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <kj/exception.h>

namespace troupe::local {

namespace {

constexpr double whole_max = 9007199254740992.0;  // 2^53
constexpr std::size_t line_width = 96;

void write_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    if (one == '"' || one == '\\') {
      out += '\\';
      out += one;
    } else if (one == '\n') {
      out += "\\n";
    } else if (one == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", byte);
      out += escaped.data();
    } else {
      out += one;
    }
  }
  out += '"';
}

void write_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.12g", number);
  out += text.data();
}

json from(capnp::JsonValue::Reader value) {
  switch (value.which()) {
    case capnp::JsonValue::BOOLEAN:
      return value.getBoolean();
    case capnp::JsonValue::NUMBER: {
      const auto number = value.getNumber();
      if (std::floor(number) == number && std::abs(number) <= whole_max)
        return static_cast<std::int64_t>(number);
      return number;
    }
    case capnp::JsonValue::STRING:
      return std::string(value.getString().cStr(), value.getString().size());
    case capnp::JsonValue::ARRAY: {
      json::array all;
      for (const auto one : value.getArray()) all.push_back(from(one));
      return all;
    }
    case capnp::JsonValue::OBJECT: {
      json::object all;
      for (const auto one : value.getObject()) all.emplace_back(one.getName().cStr(), from(one.getValue()));
      return all;
    }
    default:
      return {};
  }
}

struct line_writer {
  std::string out;

  void operator()(std::monostate) { out += "null"; }
  void operator()(bool value) { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) { out += std::to_string(value); }
  void operator()(double value) { write_number(out, value); }
  void operator()(const std::string& value) { write_text(out, value); }
};

}  // namespace

json::json(const std::vector<std::string>& texts) : value_(array(texts.begin(), texts.end())) {}

const json& json::operator[](std::string_view key) const {
  static const json nothing;
  for (const auto& [name, value] : fields())
    if (name == key) return value;
  return nothing;
}

const std::string& json::text() const {
  static const std::string nothing;
  const auto* found = std::get_if<std::string>(&value_);
  return found != nullptr ? *found : nothing;
}

std::int64_t json::whole() const {
  const auto* found = std::get_if<std::int64_t>(&value_);
  return found != nullptr ? *found : 0;
}

double json::number() const {
  const auto* found = std::get_if<double>(&value_);
  return found != nullptr ? *found : static_cast<double>(whole());
}

bool json::flag() const {
  const auto* found = std::get_if<bool>(&value_);
  return found != nullptr && *found;
}

const json::array& json::list() const {
  static const array nothing;
  const auto* found = std::get_if<array>(&value_);
  return found != nullptr ? *found : nothing;
}

const json::object& json::fields() const {
  static const object nothing;
  const auto* found = std::get_if<object>(&value_);
  return found != nullptr ? *found : nothing;
}

std::vector<std::string> json::texts() const {
  std::vector<std::string> all;
  for (const auto& one : list()) all.push_back(one.text());
  return all;
}

json& json::set(std::string key, json value) {
  if (is_null()) value_ = object{};
  auto& all = std::get<object>(value_);
  for (auto& [name, old] : all)
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  all.emplace_back(std::move(key), std::move(value));
  return *this;
}

namespace {

// Lists and objects on one line, `gap` after commas and colons.
std::string one_line(const json& value, std::string_view gap) {
  std::string out;
  bool first = true;
  const auto separate = [&] {
    if (!first) out.append(",").append(gap);
    first = false;
  };
  if (!value.list().empty()) {
    for (const auto& one : value.list()) {
      separate();
      out += one_line(one, gap);
    }
    return "[" + out + "]";
  }
  for (const auto& [name, one] : value.fields()) {
    separate();
    write_text(out, name);
    out.append(":").append(gap);
    out += one_line(one, gap);
  }
  return value.fields().empty() ? value.compact() : "{" + out + "}";
}

void indent(std::string& out, const json& value, std::size_t level) {
  const auto flat = one_line(value, " ");
  const bool nested = !value.list().empty() || !value.fields().empty();
  if (!nested || flat.size() + 2 * level <= line_width) {
    out += flat;
    return;
  }
  const std::string margin(2 * level + 2, ' ');
  const bool is_list = !value.list().empty();
  out += is_list ? "[" : "{";
  bool first = true;
  const auto next = [&] {
    out += first ? "\n" : ",\n";
    first = false;
    out += margin;
  };
  for (const auto& one : value.list()) {
    next();
    indent(out, one, level + 1);
  }
  for (const auto& [name, one] : value.fields()) {
    next();
    write_text(out, name);
    out += ": ";
    indent(out, one, level + 1);
  }
  out += "\n" + std::string(2 * level, ' ') + (is_list ? "]" : "}");
}

}  // namespace

std::string json::compact() const {
  if (!list().empty() || !fields().empty()) return one_line(*this, "");
  if (std::holds_alternative<array>(value_)) return "[]";
  if (std::holds_alternative<object>(value_)) return "{}";
  line_writer writer;
  std::visit(
      [&](const auto& value) {
        if constexpr (std::invocable<line_writer&, decltype(value)>) writer(value);
      },
      value_);
  return std::move(writer.out);
}

std::string json::pretty() const {
  std::string out;
  indent(out, *this, 0);
  return out;
}

result<json> parse_json(std::string_view text) {
  try {
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<capnp::JsonValue>();
    capnp::JsonCodec().decodeRaw(kj::arrayPtr(text.data(), text.size()), root);
    return from(root.asReader());
  } catch (const kj::Exception& problem) {
    return error{code::invalid_argument, std::string("not JSON: ") + problem.getDescription().cStr()};
  }
}

}  // namespace troupe::local
