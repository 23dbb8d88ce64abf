// The C++ names that capnpc-c++ gives to declarations, so that generated code can refer to them.
//
// The rules are capnpc-c++'s own (0.9.2): `$Cxx.name` goes before the name in the schema, members start in
// upper case behind get/set/init, a C++ keyword gets an underscore. They are checked by compiling the
// goldens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>

#include <troupe/wire/annotations.hpp>

namespace troupe::capnpc {

namespace schema = capnp::schema;

/// "add" -> "Add".
std::string title_case(std::string_view name);

/// "delete" -> "delete_"; every other name as it is.
std::string safe_identifier(std::string_view name);

/// Of a method, field or parameter: `$Cxx.name`, or else the name in the schema.
template <class Member>
std::string member_name(Member member);

/// Names of nodes. Ids must be those of nodes that the loader holds.
class node_names {
 public:
  explicit node_names(const capnp::SchemaLoader& loader) : loader_(&loader) {}

  /// The node itself.
  schema::Node::Reader node(std::uint64_t id) const { return loader_->get(id).getProto(); }
  /// The id of the file that a node is declared in. 0 for implicit parameter structs, which have no scope.
  std::uint64_t file_of(std::uint64_t id) const;
  /// As the schema says it, within its file: "Outer.Inner".
  std::string path(std::uint64_t id) const;
  /// "Inner", with `$Cxx.name` applied.
  std::string unqualified(std::uint64_t id) const;
  /// The names from the file inwards without separators: "OuterInner".
  std::string joined(std::uint64_t id) const;
  /// "::shop::Outer::Inner".
  std::string qualified(std::uint64_t id) const;
  /// "shop", from `$Cxx.namespace`; empty for the global one.
  std::string cpp_namespace(std::uint64_t file) const;

 private:
  const capnp::SchemaLoader* loader_;
};

inline constexpr std::uint64_t cxx_namespace_id = 0xb9c6f99ebf805f2cULL;
inline constexpr std::uint64_t cxx_name_id = 0xf264a779fef191ceULL;

template <class Member>
std::string member_name(Member member) {
  const auto renamed = wire::text_annotation(member.getAnnotations(), cxx_name_id);
  return renamed ? std::string(*renamed) : member.getName().cStr();
}

}  // namespace troupe::capnpc
