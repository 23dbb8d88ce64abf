#include "admin_json.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include <troupe/base/ids.hpp>

namespace troupe::command {

namespace {

nlohmann::ordered_json value_to_json(const std::string& name, const capnp::DynamicValue::Reader& value) {
  switch (value.getType()) {
    case capnp::DynamicValue::BOOL:
      return value.as<bool>();
    case capnp::DynamicValue::INT:
      return value.as<std::int64_t>();
    case capnp::DynamicValue::UINT:
      if (name == "id" || name == "interfaceId") return to_hex(value.as<std::uint64_t>());
      return value.as<std::uint64_t>();
    case capnp::DynamicValue::FLOAT:
      return value.as<double>();
    case capnp::DynamicValue::TEXT:
      return std::string(value.as<capnp::Text>().cStr());
    case capnp::DynamicValue::STRUCT:
      return to_json(value.as<capnp::DynamicStruct>());
    case capnp::DynamicValue::LIST: {
      auto all = nlohmann::ordered_json::array();
      for (const auto one : value.as<capnp::DynamicList>()) all.push_back(value_to_json({}, one));
      return all;
    }
    default:
      return {};
  }
}

}  // namespace

nlohmann::ordered_json to_json(capnp::DynamicStruct::Reader of) {
  auto all = nlohmann::ordered_json::object();
  for (const auto field : of.getSchema().getFields()) {
    const std::string name = field.getProto().getName().cStr();
    all[name] = value_to_json(name, of.get(field));
  }
  return all;
}

}  // namespace troupe::command
