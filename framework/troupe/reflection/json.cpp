#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <capnp/compat/json.h>
#include <capnp/schema.capnp.h>
#include <kj/exception.h>

#include <troupe/reflection/json.hpp>
#include <troupe/reflection/schema_text.hpp>

namespace troupe::reflection {

namespace {

namespace schema = capnp::schema;
using nlohmann::json;

// Cap'n Proto's own decoder corrupts \u escapes and rounds 64-bit numbers, so nlohmann's parser reads the
// text, and what it read is filled in here. A problem is a sentence that begins with the field's path; empty
// is none.

/// As deep as Cap'n Proto lets messages be read.
constexpr int depth_max = 64;

std::string kind_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::boolean:
      return "true or false";
    case json::value_t::string:
      return "a text";
    case json::value_t::array:
      return "a list";
    case json::value_t::object:
      return "an object";
    default:
      return "a number";
  }
}

std::string misfit(const std::string& path, const json& value, const std::string& wanted) {
  return path + " is " + kind_of(value) + ", and must be " + wanted;
}

// --- Where a value goes: a field or an element of a list ------------------------------------------------

struct field_place {
  capnp::DynamicStruct::Builder in;
  capnp::StructSchema::Field field;

  capnp::Type type() const { return field.getType(); }
  void set(const capnp::DynamicValue::Reader& value) { in.set(field, value); }
  capnp::DynamicStruct::Builder init_struct() { return in.init(field).as<capnp::DynamicStruct>(); }
  capnp::DynamicList::Builder init_list(capnp::uint size) {
    return in.init(field, size).as<capnp::DynamicList>();
  }
};

struct element_place {
  capnp::DynamicList::Builder in;
  capnp::uint index;

  capnp::Type type() const { return in.getSchema().getElementType(); }
  void set(const capnp::DynamicValue::Reader& value) { in.set(index, value); }
  capnp::DynamicStruct::Builder init_struct() { return in[index].as<capnp::DynamicStruct>(); }
  capnp::DynamicList::Builder init_list(capnp::uint size) {
    return in.init(index, size).as<capnp::DynamicList>();
  }
};

// --- Numbers -------------------------------------------------------------------------------------------

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number value{};
  const auto* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || rest != end) return std::nullopt;
  return value;
}

/// Is it a number at all, whatever its range?
bool is_number(const json& value) {
  return value.is_number() ||
         (value.is_string() && parse_whole<double>(value.get_ref<const std::string&>()).has_value());
}

/// The exact value, if it is an integer that fits.
template <class Integer>
std::optional<Integer> integer_of(const json& value) {
  constexpr auto exact_in_double = 9007199254740992.0;  // 2^53
  if (value.is_string()) return parse_whole<Integer>(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (number != std::floor(number) || std::abs(number) > exact_in_double) return std::nullopt;
    const auto whole = static_cast<std::int64_t>(number);
    if (!std::in_range<Integer>(whole)) return std::nullopt;
    return static_cast<Integer>(whole);
  }
  if (value.is_number_unsigned()) {
    const auto whole = value.get<std::uint64_t>();
    if (!std::in_range<Integer>(whole)) return std::nullopt;
    return static_cast<Integer>(whole);
  }
  const auto whole = value.get<std::int64_t>();
  if (!std::in_range<Integer>(whole)) return std::nullopt;
  return static_cast<Integer>(whole);
}

template <class Integer, class Place>
std::string fill_integer(const std::string& path, const json& value, Place to) {
  if (!is_number(value)) return misfit(path, value, "a number (" + type_name(to.type()) + ")");
  const auto whole = integer_of<Integer>(value);
  if (!whole) return path + " is out of the range of " + type_name(to.type());
  to.set(*whole);
  return {};
}

/// Texts, too: "NaN" and "Infinity", which are no JSON numbers.
template <class Place>
std::string fill_float(const std::string& path, const json& value, Place to) {
  if (!is_number(value)) return misfit(path, value, "a number (" + type_name(to.type()) + ")");
  to.set(value.is_string() ? *parse_whole<double>(value.get_ref<const std::string&>()) : value.get<double>());
  return {};
}

// --- Everything else -----------------------------------------------------------------------------------

template <class Place>
std::string fill_text(const std::string& path, const json& value, Place to) {
  if (!value.is_string()) return misfit(path, value, "a text");
  const auto& text = value.get_ref<const std::string&>();
  to.set(capnp::Text::Reader(text.c_str(), text.size()));
  return {};
}

template <class Place>
std::string fill_data(const std::string& path, const json& value, Place to) {
  const char* const wanted = "a list of bytes, 0 to 255";
  if (!value.is_array()) return misfit(path, value, wanted);
  std::vector<kj::byte> bytes;
  bytes.reserve(value.size());
  for (const auto& one : value) {
    const auto byte = one.is_number() ? integer_of<std::uint8_t>(one) : std::nullopt;
    if (!byte) return path + "[" + std::to_string(bytes.size()) + "] is no byte: it must be " + wanted;
    bytes.push_back(*byte);
  }
  to.set(capnp::Data::Reader(bytes.data(), bytes.size()));
  return {};
}

/// By name; or by number, as an enumerant is written that the writer's schema does not have.
template <class Place>
std::string fill_enum(const std::string& path, const json& value, Place to) {
  const auto type = to.type().asEnum();
  if (value.is_number()) {
    const auto number = integer_of<std::uint16_t>(value);
    if (!number) return path + " is out of the range of " + type_name(to.type());
    to.set(capnp::DynamicEnum(type, *number));
    return {};
  }
  std::string names;
  for (const auto one : type.getEnumerants()) {
    const std::string name = one.getProto().getName().cStr();
    if (value.is_string() && value.get_ref<const std::string&>() == name) {
      to.set(capnp::DynamicEnum(one));
      return {};
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  return misfit(path, value, "one of " + names);
}

std::string fill_struct(const std::string& path, const json& value, capnp::DynamicStruct::Builder into,
                        int depth);

template <class Place>
std::string fill(const std::string& path, const json& value, Place to, int depth) {
  if (depth > depth_max) return path + " is nested deeper than " + std::to_string(depth_max) + " levels";
  const auto type = to.type();
  switch (type.which()) {
    case schema::Type::VOID:
      if (!value.is_null()) return misfit(path, value, "null");
      return to.set(capnp::VOID), "";
    case schema::Type::BOOL:
      if (!value.is_boolean()) return misfit(path, value, "true or false");
      return to.set(value.get<bool>()), "";
    case schema::Type::INT8:
      return fill_integer<std::int8_t>(path, value, to);
    case schema::Type::INT16:
      return fill_integer<std::int16_t>(path, value, to);
    case schema::Type::INT32:
      return fill_integer<std::int32_t>(path, value, to);
    case schema::Type::INT64:
      return fill_integer<std::int64_t>(path, value, to);
    case schema::Type::UINT8:
      return fill_integer<std::uint8_t>(path, value, to);
    case schema::Type::UINT16:
      return fill_integer<std::uint16_t>(path, value, to);
    case schema::Type::UINT32:
      return fill_integer<std::uint32_t>(path, value, to);
    case schema::Type::UINT64:
      return fill_integer<std::uint64_t>(path, value, to);
    case schema::Type::FLOAT32:
    case schema::Type::FLOAT64:
      return fill_float(path, value, to);
    case schema::Type::TEXT:
      return fill_text(path, value, to);
    case schema::Type::DATA:
      return fill_data(path, value, to);
    case schema::Type::ENUM:
      return fill_enum(path, value, to);
    case schema::Type::STRUCT:
      if (!value.is_object()) return misfit(path, value, "an object: {...}");
      return fill_struct(path, value, to.init_struct(), depth + 1);
    case schema::Type::LIST: {
      if (!value.is_array()) return misfit(path, value, "a list (" + type_name(type) + ")");
      const auto list = to.init_list(static_cast<capnp::uint>(value.size()));
      for (capnp::uint i = 0; i < list.size(); ++i) {
        auto problem =
            fill(path + "[" + std::to_string(i) + "]", value[i], element_place{list, i}, depth + 1);
        if (!problem.empty()) return problem;
      }
      return {};
    }
    case schema::Type::INTERFACE:
    case schema::Type::ANY_POINTER:
      break;
  }
  return path + " is " + type_name(type) + ", which JSON cannot say";
}

std::string fill_struct(const std::string& path, const json& value, capnp::DynamicStruct::Builder into,
                        int depth) {
  std::string chosen;  // of the struct's union
  for (const auto& [name, inner] : value.items()) {
    const auto at = path.empty() ? name : path + "." + name;
    KJ_IF_MAYBE (field, into.getSchema().findFieldByName(name)) {
      if (field->getProto().getDiscriminantValue() != schema::Field::NO_DISCRIMINANT) {
        if (!chosen.empty()) return chosen + " and " + at + " are of one union: say one of them";
        chosen = at;
      }
      auto problem = fill(at, inner, field_place{into, *field}, depth);
      if (!problem.empty()) return problem;
    } else {
      return "there is no field '" + at + "'";
    }
  }
  return {};
}

error bad_params(const method_view& called, const std::string& what) {
  return {code::invalid_argument, called.facts.service + "." + called.facts.name + ": " + what +
                                      "\nparameters: " + fields_text(called.params)};
}

/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without its first word.
std::string meaning_of(const json::exception& problem) {
  const std::string text(problem.what());
  const auto begin = text.find("] ");
  return begin == std::string::npos ? text : text.substr(begin + 2);
}

}  // namespace

result<void> fill_params(const method_view& called, std::string_view text,
                         capnp::DynamicStruct::Builder params) {
  json value;
  try {
    value = json::parse(text);
  } catch (const json::exception& problem) {
    return bad_params(called, "this is not JSON: " + meaning_of(problem));
  }
  if (!value.is_object()) return bad_params(called, misfit("this", value, "an object: {...}"));
  try {
    if (const auto problem = fill_struct({}, value, params, 1); !problem.empty())
      return bad_params(called, problem);
  } catch (const kj::Exception& problem) {
    return bad_params(called, problem.getDescription().cStr());
  }
  return {};
}

result<std::string> to_json_text(capnp::DynamicStruct::Reader results) {
  capnp::JsonCodec codec;
  codec.setPrettyPrint(true);
  try {
    return std::string(codec.encode(results).cStr());
  } catch (const kj::Exception& problem) {
    return error{code::data_loss,
                 std::string("the results cannot be written as JSON: ") + problem.getDescription().cStr()};
  }
}

}  // namespace troupe::reflection
