// A JSON value, kept in the order in which it was written: the state file, and what `-o json` prints.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <troupe/base/result.hpp>

namespace troupe::local {

class json {
 public:
  using array = std::vector<json>;
  using object = std::vector<std::pair<std::string, json>>;

  json() = default;
  json(bool value) : value_(value) {}
  json(double value) : value_(value) {}
  template <std::integral Whole>
  requires(!std::same_as<Whole, bool>) json(Whole value) : value_(static_cast<std::int64_t>(value)) {}
  json(std::string value) : value_(std::move(value)) {}
  json(std::string_view value) : value_(std::string(value)) {}
  json(const char* value) : value_(std::string(value)) {}
  json(array value) : value_(std::move(value)) {}
  json(object value) : value_(std::move(value)) {}
  explicit json(const std::vector<std::string>& texts);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

  // What is absent or of another type reads as the empty value.
  const json& operator[](std::string_view key) const;
  const std::string& text() const;
  std::int64_t whole() const;
  double number() const;
  bool flag() const;
  const array& list() const;
  const object& fields() const;
  std::vector<std::string> texts() const;

  /// Sets or replaces a field. Only on an object, or on null, which becomes one.
  json& set(std::string key, json value);

  /// Two spaces a level; small values on one line.
  std::string pretty() const;
  /// Without any space or newline.
  std::string compact() const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, array, object> value_;
};

/// Errors: invalid_argument that says where. Numbers with a fraction or beyond 2^53 are doubles.
result<json> parse_json(std::string_view text);

}  // namespace troupe::local
