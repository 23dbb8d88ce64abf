#include <cstdint>
#include <unordered_set>

#include <troupe/reflection/schema_nodes.hpp>

namespace troupe::reflection {

namespace {

class collector {
 public:
  void add(capnp::InterfaceSchema interface) {
    if (!note(interface)) return;
    for (const auto super : interface.getSuperclasses()) add(super);
    for (const auto method : interface.getMethods()) {
      add(method.getParamType());
      add(method.getResultType());
    }
  }

  std::vector<capnp::Schema> take() { return std::move(found_); }

 private:
  void add(capnp::StructSchema type) {
    if (!note(type)) return;
    for (const auto field : type.getFields()) add(field.getType());
  }

  void add(capnp::Type type) {
    while (type.isList()) type = type.asList().getElementType();
    if (type.isStruct())
      add(type.asStruct());
    else if (type.isEnum())
      note(type.asEnum());
    else if (type.isInterface())
      add(type.asInterface());
  }

  bool note(capnp::Schema schema) {
    if (!seen_.insert(schema.getProto().getId()).second) return false;
    found_.push_back(schema);
    return true;
  }

  std::unordered_set<std::uint64_t> seen_;
  std::vector<capnp::Schema> found_;
};

}  // namespace

std::vector<capnp::Schema> schema_nodes(capnp::InterfaceSchema interface) {
  collector found;
  found.add(interface);
  return found.take();
}

}  // namespace troupe::reflection
