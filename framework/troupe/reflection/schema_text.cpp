#include <capnp/schema.capnp.h>

#include <troupe/reflection/schema_text.hpp>

namespace troupe::reflection {

namespace schema = capnp::schema;

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

}  // namespace troupe::reflection
