#include "reflection.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <capnp/compat/json.h>
#include <capnp/schema.capnp.h>
#include <kj/exception.h>

#include <troupe/annotations.capnp.h>
#include <troupe/service/affinity.hpp>

namespace troupe::command {

namespace {

namespace schema = capnp::schema;

// Their ids, as idl/troupe/annotations.capnp declares them.
constexpr std::uint64_t policy_annotation = 0xb5d3e9a1c7f40862;
constexpr std::uint64_t timeout_annotation = 0xf4b1ac4fb6a3b2c1;
constexpr std::uint64_t safety_annotation = 0xa3b5c8f1d2e49607;
constexpr std::uint64_t affinity_annotation = 0xc7e1f5a90b3d2846;

std::optional<schema::Value::Reader> find_annotation(capnp::List<schema::Annotation>::Reader all,
                                                     std::uint64_t id) {
  for (const auto one : all)
    if (one.getId() == id) return one.getValue();
  return std::nullopt;
}

/// A method's annotation goes before that of the interface which declares it.
void read_settings(capnp::InterfaceSchema owner, schema::Method::Reader method, reflective_method& into) {
  for (const auto annotations : {owner.getProto().getAnnotations(), method.getAnnotations()}) {
    if (const auto safety = find_annotation(annotations, safety_annotation))
      into.safety = static_cast<rpc::safety>(std::min<std::uint16_t>(safety->getEnum(), 2));
    if (const auto timeout = find_annotation(annotations, timeout_annotation))
      if (const auto read = parse_duration(timeout->getText().cStr())) into.timeout = *read;
  }
}

/// The path to the marked field, through groups.
std::vector<std::string> find_affinity(capnp::StructSchema in) {
  for (const auto field : in.getFields()) {
    const auto proto = field.getProto();
    if (proto.isGroup()) {
      auto path = find_affinity(field.getType().asStruct());
      if (path.empty()) continue;
      path.insert(path.begin(), proto.getName().cStr());
      return path;
    }
    if (find_annotation(proto.getAnnotations(), affinity_annotation)) return {proto.getName().cStr()};
  }
  return {};
}

// --- Checking JSON against a schema, for messages that name the field ---------------------------------

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

error bad_params(const method_view& method, const std::string& what) {
  return {code::invalid_argument, method.calling.service + "." + method.calling.name + ": " + what +
                                      "\nparameters: " + fields_text(method.params)};
}

}  // namespace

// --- Names ---------------------------------------------------------------------------------------------

std::string type_name(capnp::Type type) {
  switch (type.which()) {
    case schema::Type::VOID:
      return "Void";
    case schema::Type::BOOL:
      return "Bool";
    case schema::Type::INT8:
      return "Int8";
    case schema::Type::INT16:
      return "Int16";
    case schema::Type::INT32:
      return "Int32";
    case schema::Type::INT64:
      return "Int64";
    case schema::Type::UINT8:
      return "UInt8";
    case schema::Type::UINT16:
      return "UInt16";
    case schema::Type::UINT32:
      return "UInt32";
    case schema::Type::UINT64:
      return "UInt64";
    case schema::Type::FLOAT32:
      return "Float32";
    case schema::Type::FLOAT64:
      return "Float64";
    case schema::Type::TEXT:
      return "Text";
    case schema::Type::DATA:
      return "Data";
    case schema::Type::LIST:
      return "List(" + type_name(type.asList().getElementType()) + ")";
    case schema::Type::ENUM:
      return type.asEnum().getUnqualifiedName().cStr();
    case schema::Type::STRUCT:
      return type.asStruct().getUnqualifiedName().cStr();
    case schema::Type::INTERFACE:
      return type.asInterface().getUnqualifiedName().cStr();
    case schema::Type::ANY_POINTER:
      return "AnyPointer";
  }
  return "?";
}

std::string fields_text(capnp::StructSchema of) {
  std::string text;
  for (const auto field : of.getFields()) {
    text += text.empty() ? "" : ", ";
    text += field.getProto().getName().cStr();
    text += field.getProto().isGroup() ? " :group " + fields_text(field.getType().asStruct())
                                       : " :" + type_name(field.getType());
  }
  return "(" + text + ")";
}

std::string method_view::signature() const {
  return calling.name + " " + fields_text(params) + " -> " + fields_text(results);
}

// --- Loading -------------------------------------------------------------------------------------------

result<interface_view> interface_view::load(const std::string& service,
                                            admin::Admin::DescribeResults::Reader described) {
  interface_view made;
  made.service_ = service;
  made.loader_ = std::make_unique<capnp::SchemaLoader>();
  try {
    for (const auto node : described.getNodes()) made.loader_->load(node);
    std::vector<std::uint64_t> seen;
    const auto interface = made.loader_->get(described.getInterfaceId()).asInterface();
    made.add_methods(interface, seen);
    // The service's own, also for the methods that it inherits.
    if (const auto policy = find_annotation(interface.getProto().getAnnotations(), policy_annotation))
      for (auto& one : made.methods_) one.calling.policy = policy->getText().cStr();
  } catch (const kj::Exception& problem) {
    return error{code::data_loss,
                 "the schema of " + service + " cannot be read: " + problem.getDescription().cStr()};
  }
  return made;
}

void interface_view::add_methods(capnp::InterfaceSchema of, std::vector<std::uint64_t>& seen) {
  const auto id = of.getProto().getId();
  if (std::find(seen.begin(), seen.end(), id) != seen.end()) return;
  seen.push_back(id);
  for (const auto method : of.getMethods()) {
    method_view one;
    one.calling.service = service_;
    one.calling.name = method.getProto().getName().cStr();
    one.calling.interface_id = id;
    one.calling.ordinal = method.getOrdinal();
    read_settings(of, method.getProto(), one.calling);
    one.params = method.getParamType();
    one.results = method.getResultType();
    one.affinity = find_affinity(one.params);
    methods_.push_back(std::move(one));
  }
  for (const auto super : of.getSuperclasses()) add_methods(super, seen);
}

const method_view* interface_view::find(std::string_view name) const {
  for (const auto& one : methods_)
    if (one.calling.name == name) return &one;
  return nullptr;
}

// --- JSON ----------------------------------------------------------------------------------------------

result<void> fill_params(const method_view& method, std::string_view json,
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
    return bad_params(method,
                      "this is not JSON: " + text.substr(meaning == std::string::npos ? 0 : meaning + 2));
  }
  if (const auto problem = check_struct({}, value.asReader(), method.params); !problem.empty())
    return bad_params(method, problem);
  try {
    codec.decode(value, params);
  } catch (const kj::Exception& problem) {
    return bad_params(method, problem.getDescription().cStr());
  }
  return {};
}

std::optional<std::uint64_t> affinity_key(const method_view& method, capnp::DynamicStruct::Reader params) {
  if (method.affinity.empty()) return std::nullopt;
  auto inside = params;
  for (std::size_t i = 0; i + 1 < method.affinity.size(); ++i)
    inside = inside.get(method.affinity[i]).as<capnp::DynamicStruct>();
  const auto value = inside.get(method.affinity.back());
  switch (value.getType()) {
    case capnp::DynamicValue::BOOL:
      return affinity_of(value.as<bool>());
    case capnp::DynamicValue::INT:
      return affinity_of(value.as<std::int64_t>());
    case capnp::DynamicValue::UINT:
      return affinity_of(value.as<std::uint64_t>());
    case capnp::DynamicValue::ENUM:
      return affinity_of(value.as<capnp::DynamicEnum>().getRaw());
    case capnp::DynamicValue::TEXT:
      return affinity_of(value.as<capnp::Text>());
    case capnp::DynamicValue::DATA:
      return affinity_of(value.as<capnp::Data>());
    default:
      return std::nullopt;
  }
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

}  // namespace troupe::command
