#include "capabilities.hpp"

namespace troupe::capnpc {

std::optional<std::string> capability_search::in_type(schema::Type::Reader type, const std::string& what) {
  switch (type.which()) {
    case schema::Type::INTERFACE:
      return what + " is of the interface type " + names_->path(type.getInterface().getTypeId());
    case schema::Type::LIST:
      return in_type(type.getList().getElementType(), "an element of " + what);
    case schema::Type::STRUCT:
      // The brand first: what a generic struct is bound to differs from one use to the next.
      if (auto found = in_brand(type.getStruct().getBrand(), what)) return found;
      return in_struct(type.getStruct().getTypeId());
    case schema::Type::ANY_POINTER:
      if (type.getAnyPointer().isUnconstrained() && type.getAnyPointer().getUnconstrained().isCapability())
        return what + " is of the type Capability";
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<std::string> capability_search::in_field(schema::Field::Reader field, const std::string& what) {
  if (field.isGroup()) return in_struct(field.getGroup().getTypeId());
  return in_type(field.getSlot().getType(), what);
}

std::optional<std::string> capability_search::in_struct(std::uint64_t id) {
  if (!visited_.insert(id).second) return std::nullopt;
  const auto owner = names_->path(id);
  for (const auto field : names_->node(id).getStruct().getFields())
    if (auto found = in_field(field, owner + "." + field.getName().cStr())) return found;
  return std::nullopt;
}

std::optional<std::string> capability_search::in_brand(schema::Brand::Reader brand, const std::string& what) {
  for (const auto scope : brand.getScopes()) {
    if (!scope.isBind()) continue;
    for (const auto binding : scope.getBind())
      if (binding.isType())
        if (auto found = in_type(binding.getType(), "a type argument of " + what)) return found;
  }
  return std::nullopt;
}

}  // namespace troupe::capnpc
