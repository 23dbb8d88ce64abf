#include <cmath>
#include <cstdlib>

#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <capnp/schema.capnp.h>
#include <kj/exception.h>

#include <troupe/reflection/json.hpp>
#include <troupe/reflection/schema_text.hpp>

namespace troupe::reflection {

namespace {

namespace schema = capnp::schema;

// Checking JSON against a schema first, for messages that name the field.

std::string kind_of(capnp::JsonValue::Reader value) {
  switch (value.which()) {
    case capnp::JsonValue::NULL_:
      return "null";
    case capnp::JsonValue::BOOLEAN:
      return "true or false";
    case capnp::JsonValue::NUMBER:
      return "a number";
    case capnp::JsonValue::STRING:
      return "a text";
    case capnp::JsonValue::ARRAY:
      return "a list";
    case capnp::JsonValue::OBJECT:
      return "an object";
    case capnp::JsonValue::CALL:
      return "a call";
  }
  return "something else";
}

std::string wanted(const std::string& path, capnp::JsonValue::Reader value, const std::string& what) {
  return path + " is " + kind_of(value) + ", and must be " + what;
}

std::string check_struct(const std::string& path, capnp::JsonValue::Reader value, capnp::StructSchema type);

/// Numbers may be written as texts: 64 bits fit into no JSON number, and the codec reads those exactly.
std::string check_number(const std::string& path, capnp::JsonValue::Reader value, capnp::Type type) {
  const auto name = type_name(type);
  if (value.isString()) {
    const char* const text = value.getString().cStr();
    char* end = nullptr;
    (void)std::strtod(text, &end);  // also "NaN" and "Infinity", as the codec writes them
    return end != text && *end == '\0' ? "" : wanted(path, value, "a number (" + name + ")");
  }
  if (!value.isNumber()) return wanted(path, value, "a number (" + name + ")");
  const auto number = value.getNumber();
  double low = -HUGE_VAL;
  double high = HUGE_VAL;
  switch (type.which()) {
    case schema::Type::INT8:
      low = INT8_MIN, high = INT8_MAX;
      break;
    case schema::Type::INT16:
      low = INT16_MIN, high = INT16_MAX;
      break;
    case schema::Type::INT32:
      low = INT32_MIN, high = INT32_MAX;
      break;
    case schema::Type::UINT8:
      low = 0, high = UINT8_MAX;
      break;
    case schema::Type::UINT16:
      low = 0, high = UINT16_MAX;
      break;
    case schema::Type::UINT32:
      low = 0, high = UINT32_MAX;
      break;
    case schema::Type::UINT64:
      low = 0;
      break;
    case schema::Type::INT64:
      break;
    default:
      return {};
  }
  if (number != std::floor(number) || number < low || number > high)
    return path + " is out of the range of " + name;
  return {};
}

std::string check_value(const std::string& path, capnp::JsonValue::Reader value, capnp::Type type) {
  switch (type.which()) {
    case schema::Type::BOOL:
      return value.isBoolean() ? "" : wanted(path, value, "true or false");
    case schema::Type::VOID:
      return value.isNull() ? "" : wanted(path, value, "null");
    case schema::Type::TEXT:
      return value.isString() ? "" : wanted(path, value, "a text");
    case schema::Type::DATA:
      return value.isArray() ? "" : wanted(path, value, "a list of bytes, 0 to 255");
    case schema::Type::ENUM: {
      std::string names;
      for (const auto one : type.asEnum().getEnumerants()) {
        const std::string name = one.getProto().getName().cStr();
        if (value.isString() && name == value.getString().cStr()) return {};
        names += (names.empty() ? "" : ", ") + name;
      }
      return value.isNumber() ? "" : wanted(path, value, "one of " + names);
    }
    case schema::Type::STRUCT:
      return check_struct(path, value, type.asStruct());
    case schema::Type::LIST: {
      if (!value.isArray()) return wanted(path, value, "a list (" + type_name(type) + ")");
      std::size_t index = 0;
      for (const auto one : value.getArray()) {
        auto problem =
            check_value(path + "[" + std::to_string(index++) + "]", one, type.asList().getElementType());
        if (!problem.empty()) return problem;
      }
      return {};
    }
    case schema::Type::INTERFACE:
    case schema::Type::ANY_POINTER:
      return path + " is " + type_name(type) + ", which JSON cannot say";
    default:
      return check_number(path, value, type);
  }
}

std::string check_struct(const std::string& path, capnp::JsonValue::Reader value, capnp::StructSchema type) {
  if (!value.isObject()) return wanted(path.empty() ? "this" : path, value, "an object: {...}");
  for (const auto one : value.getObject()) {
    const std::string name = one.getName().cStr();
    const auto inner = path.empty() ? name : path + "." + name;
    KJ_IF_MAYBE (field, type.findFieldByName(name)) {
      auto problem = check_value(inner, one.getValue(), field->getType());
      if (!problem.empty()) return problem;
    } else {
      return "there is no field '" + inner + "'";
    }
  }
  return {};
}

error bad_params(const method_view& called, const std::string& what) {
  return {code::invalid_argument, called.facts.service + "." + called.facts.name + ": " + what +
                                      "\nparameters: " + fields_text(called.params)};
}

}  // namespace

result<void> fill_params(const method_view& called, std::string_view json,
                         capnp::DynamicStruct::Builder params) {
  const auto input = kj::arrayPtr(json.data(), json.size());
  capnp::JsonCodec codec;
  capnp::MallocMessageBuilder scratch;
  const auto value = scratch.initRoot<capnp::JsonValue>();
  try {
    codec.decodeRaw(input, value);
  } catch (const kj::Exception& problem) {
    // "expected this [value of that]; What it means."
    const std::string text(problem.getDescription().cStr());
    const auto meaning = text.rfind("; ");
    return bad_params(called,
                      "this is not JSON: " + text.substr(meaning == std::string::npos ? 0 : meaning + 2));
  }
  if (const auto problem = check_struct({}, value.asReader(), called.params); !problem.empty())
    return bad_params(called, problem);
  try {
    codec.decode(value, params);
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
